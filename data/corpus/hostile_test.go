package corpus

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"unicode"

	"slm/data/corpus/read"
)

// gzipped is n zero bytes, packed a thousandfold.
func gzipped(t *testing.T, n int64) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := io.CopyN(w, zeros{}, n); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// What is packed is not unpacked, whatever its name says it is, so nothing can swell.
func TestSections_CompressedFilesAreRefused(t *testing.T) {
	bomb := gzipped(t, 64<<20)
	for name, says := range map[string]string{
		"a.txt.gz": "unpack it first", "a.jsonl.zst": "unpack it first", "a.zip": "unpack it first", "a.txt": "not UTF-8", "a.jsonl": "not UTF-8", "a.md": "not UTF-8",
	} {
		before := allocated()
		_, _, err := Collect(Options{Paths: []string{write(t, name, string(bomb))}})
		if !errors.Is(err, read.ErrUnreadable) || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", name, err)
		}
		if grown := allocated() - before; grown > 8<<20 {
			t.Errorf("%s: %d bytes allocated for a file of %d", name, grown, len(bomb))
		}
	}
}

func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

// Escape codes reach neither a section nor its title: whoever prints one prints text.
func TestSections_TerminalCodesAreTakenOut(t *testing.T) {
	const evil = "\x1b]0;owned\x07 \x1b[2J\u009b31m red &#27;[1m \u0000"
	dir := t.TempDir()
	for name, text := range map[string]string{
		"a\x1b[31m\n.txt": "Text " + strings.ReplaceAll(evil, "\x00", "") + " of a file.",
		"b.md":            "# Head " + strings.ReplaceAll(evil, "\x00", "") + "\n\n## Inner\x1b[0m\n\ntext\x07\n",
		"c.jsonl":         `{"text":"record \u001b[2J\u009b\u0000","title":"T\u001b]0;x\u0007","number":"1\u001b","heading":"H\u0007\n"}`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	sections, report, err := Collect(Options{Paths: []string{filepath.Join(dir, "*")}})
	if err != nil || len(sections) != 3 {
		t.Fatal(len(sections), err)
	}
	for _, s := range sections {
		for _, field := range []string{s.ID, s.Title, s.Number, s.Heading, s.Text, s.Source} {
			if strings.ContainsFunc(field, unicode.IsControl) {
				t.Errorf("%q", s)
			}
		}
	}
	if report.Documents != 3 {
		t.Errorf("%+v", report)
	}
}
