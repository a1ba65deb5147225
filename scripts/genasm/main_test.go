package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// TestCommittedAssemblyIsWhatTheGeneratorWrites fails when a generated file was edited by hand or not written again.
func TestCommittedAssemblyIsWhatTheGeneratorWrites(t *testing.T) {
	const committed = "../../model/kernel"
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
			t.Errorf("%s is stale: go run . -out %s", f.Name(), committed)
		}
	}
}
