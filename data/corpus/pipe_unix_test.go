//go:build unix

package corpus

import (
	"errors"
	"path/filepath"
	"syscall"
	"testing"

	"slm/data/corpus/read"
)

func TestSections_PipeIsRefusedNotWaitedFor(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe.txt")
	if err := syscall.Mkfifo(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, _, err := balanced(t, Options{Paths: []string{path}}); !errors.Is(err, read.ErrUnreadable) {
		t.Error(err)
	}
}
