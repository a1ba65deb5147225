package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// TestGenerator_WritesTheCommittedFiles fails when a generated file was edited by hand, not written again, or left behind.
func TestGenerator_WritesTheCommittedFiles(t *testing.T) {
	const committed = ".."
	out := t.TempDir()
	if err := run(out); err != nil {
		t.Fatal(err)
	}
	written, err := os.ReadDir(out)
	if err != nil {
		t.Fatal(err)
	}
	if len(written) != len(files)+2 {
		t.Errorf("%d files written, want %d", len(written), len(files)+2)
	}
	for _, f := range written {
		want, err := os.ReadFile(filepath.Join(out, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join(committed, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is stale: go generate ./model/kernel", f.Name())
		}
	}
	present, err := filepath.Glob(filepath.Join(committed, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range present {
		if text, err := os.ReadFile(name); err == nil && bytes.HasPrefix(text, []byte(header)) {
			if _, err := os.Stat(filepath.Join(out, filepath.Base(name))); err != nil {
				t.Errorf("%s says that it is generated, but is not", name)
			}
		}
	}
}

func TestGenerator_WritesTheSameBytesTwice(t *testing.T) {
	first, second := t.TempDir(), t.TempDir()
	for _, out := range []string{first, second} {
		if err := run(out); err != nil {
			t.Fatal(err)
		}
	}
	if err := filepath.WalkDir(first, func(name string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		a, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		if b, err := os.ReadFile(filepath.Join(second, d.Name())); err != nil || !bytes.Equal(a, b) {
			t.Errorf("%s differs between two runs (%v)", d.Name(), err)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}
