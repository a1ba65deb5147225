package slm_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// maxLines is the length above which a file holds more than one idea.
const maxLines = 600

// long returns the source files above maxLines, longest names last. Generated assembly and go.sum are nobody's to read.
func long(root fs.FS) ([]string, error) {
	var found []string
	err := walk(root, func(name string) error {
		sources := []string{".go", ".s", ".py", ".sh", ".yaml", ".yml", ".md", ".html", ".css", ".js", ""}
		if !slices.Contains(sources, path.Ext(name)) || strings.HasSuffix(name, "_amd64.s") || name == "slm" {
			return nil
		}
		data, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		if n := bytes.Count(data, []byte("\n")); n > maxLines {
			found = append(found, fmt.Sprintf("%s has %d lines; the ceiling is %d", name, n, maxLines))
		}
		return nil
	})
	return found, err
}

func TestNoFileIsLongerThanTheCeiling(t *testing.T) {
	found, err := long(repository())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range found {
		t.Error(f)
	}
}

func TestLongFilesAreFound(t *testing.T) {
	lines := func(n int) *fstest.MapFile { return &fstest.MapFile{Data: bytes.Repeat([]byte("x\n"), n)} }
	found, err := long(fstest.MapFS{
		"a/just.go": lines(maxLines), "a/long.go": lines(maxLines + 1), "a/made_amd64.s": lines(5000), "go.sum": lines(5000),
		"scripts/setup": lines(maxLines + 1), "a/testdata/big.md": lines(5000), ".git/x.md": lines(5000), ".ci/run": lines(maxLines + 1),
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(found) != 3 || !strings.HasPrefix(found[0], ".ci/run ") || !strings.HasPrefix(found[1], "a/long.go ") ||
		!strings.HasPrefix(found[2], "scripts/setup ") {
		t.Errorf("found %q", found)
	}
}
