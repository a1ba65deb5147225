package pack

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"slm/checkpoint"
)

func TestOpenShards_RowsAreTheExamplesThatWereWritten(t *testing.T) {
	ex := examples(6, 300, 40)
	dir := t.TempDir()
	shards, err := WriteShards(filepath.Join(dir, "work"), behind(ex), 1500)
	if err != nil || len(shards.Files) < 3 {
		t.Fatal(shards, err)
	}
	if err := shards.Link(dir); err != nil {
		t.Fatal(err)
	}
	m, err := OpenShards(dir)
	if err != nil || m.Rows != len(ex) {
		t.Fatal(m, err)
	}
	for k := range ex {
		i := (k*97 + 5) % len(ex)
		if got := m.At(i); !slices.Equal(got, ex[i].Tokens) || m.Len(i) != len(got) {
			t.Fatalf("row %d: %v", i, got)
		}
		if k == len(ex)/2 {
			m.Forget()
		}
	}
	if err := m.Close(); err != nil {
		t.Error(err)
	}
	if err := os.Remove(filepath.Join(dir, shardName(1))); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{dir, t.TempDir()} {
		if _, err := OpenShards(dir); !errors.Is(err, checkpoint.ErrCorrupt) {
			t.Errorf("%s: %v", dir, err)
		}
	}
}
