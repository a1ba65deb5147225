package main

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// generated writes everything into a folder of its own, and returns it and the files' names.
func generated(t *testing.T) (fs.FS, []string) {
	t.Helper()
	folder := t.TempDir()
	if err := run(folder); err != nil {
		t.Fatal(err)
	}
	return os.DirFS(folder), filesBelow(t, os.DirFS(folder))
}

func filesBelow(t *testing.T, root fs.FS) []string {
	t.Helper()
	names, err := fs.Glob(root, "*/*")
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	return names
}

// TestGenerator_WritesTheCommittedFiles fails when a generated file was edited by hand, not written again, or left behind.
func TestGenerator_WritesTheCommittedFiles(t *testing.T) {
	written, names := generated(t)
	committed := os.DirFS(filepath.Join("..", "internal"))
	for _, name := range names {
		want, err := fs.ReadFile(written, name)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := fs.ReadFile(committed, name); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is stale: go generate ./model/kernel (%v)", name, err)
		}
	}
	for _, name := range filesBelow(t, committed) {
		if text, err := fs.ReadFile(committed, name); err != nil || bytes.HasPrefix(text, []byte(header)) {
			if _, err := fs.Stat(written, name); err != nil {
				t.Errorf("%s says that it is generated, but is not", name)
			}
		}
	}
}

// TestNEON_AnInnerLoopIsMostlyMultiplyAdds counts the instructions of the highest tile's loop: nobody has measured it on a processor yet.
func TestNEON_AnInnerLoopIsMostlyMultiplyAdds(t *testing.T) {
	_, _, text := neonTile(neonRows)
	_, loop, _ := strings.Cut(text, "along:\n")
	loop, _, _ = strings.Cut(loop, "few:\n")
	all, useful := strings.Count(loop, "\n"), strings.Count(loop, "FMLA")
	if useful != neonRows*neonVectors*neonTerms || float64(all) > 1.15*float64(useful) {
		t.Errorf("%d instructions, of which %d are multiply-adds", all, useful)
	}
}

func TestGenerator_WritesTheSameBytesTwice(t *testing.T) {
	first, names := generated(t)
	second, _ := generated(t)
	for _, name := range names {
		a, err := fs.ReadFile(first, name)
		if err != nil {
			t.Fatal(err)
		}
		if b, err := fs.ReadFile(second, name); err != nil || !bytes.Equal(a, b) {
			t.Errorf("%s differs between two runs (%v)", name, err)
		}
	}
}
