package pack

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"slm/checkpoint"
)

func readAll(dir string) ([]Example, error) {
	var out []Example
	for e, err := range ReadShards(dir) {
		if err != nil {
			return out, err
		}
		out = append(out, e)
	}
	return out, nil
}

func same(a, b []Example) bool {
	return slices.EqualFunc(a, b, func(x, y Example) bool {
		return x.ID == y.ID && x.Prompt == y.Prompt && slices.Equal(x.Tokens, y.Tokens)
	})
}

func TestShardsGiveTheExamplesBackInOrder(t *testing.T) {
	dir, ex := t.TempDir(), examples(6, 500, 40)
	names, err := WriteShards(dir, slices.Values(ex), 2000)
	if err != nil || len(names) < 4 || names[1] != "corpus-00001.arrow" {
		t.Fatal(names, err)
	}
	got, err := readAll(dir)
	if err != nil || !same(got, ex) {
		t.Errorf("%v, %d of %d examples", err, len(got), len(ex))
	}
	for e, err := range ReadShards(dir) {
		if err != nil || e.ID != "0" {
			t.Errorf("first example is %q, %v", e.ID, err)
		}
		break // a consumer may stop early
	}
	if err := os.Remove(filepath.Join(dir, names[1])); err != nil {
		t.Fatal(err)
	}
	if _, err := readAll(dir); !errors.Is(err, checkpoint.ErrIncomplete) {
		t.Errorf("with a shard missing: %v", err)
	}
	if _, err := readAll(t.TempDir()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without shards: %v", err)
	}
}

func TestAShardIsTheGoldenFileAndNoCutGoesUnseen(t *testing.T) {
	want := []Example{{Tokens: []int32{5, 6, 7, 0}, Prompt: 2, ID: "a"}, {Tokens: []int32{8, 0}, ID: "b"}}
	if got, err := readAll("testdata"); err != nil || !same(got, want) {
		t.Errorf("golden shard: %v, %v", err, got)
	}
	whole, err := os.ReadFile("testdata/corpus-00000.arrow")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "corpus-00000.arrow")
	for n := range whole {
		if err := os.WriteFile(path, whole[:n], 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := readAll(dir); !errors.Is(err, checkpoint.ErrCorrupt) {
			t.Fatalf("cut at %d of %d: %v", n, len(whole), err)
		}
	}
}

func TestAShardWithImpossibleNumbersIsRefused(t *testing.T) {
	for i, bad := range []Example{{Tokens: []int32{1, 2}, Prompt: 3}, {Tokens: []int32{1}, Prompt: -1}, {Tokens: []int32{-5, 1}}} {
		dir := filepath.Join(t.TempDir(), fmt.Sprint(i))
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if _, err := WriteShards(dir, slices.Values([]Example{bad}), 100); err != nil {
			t.Fatal(err)
		}
		if _, err := readAll(dir); !errors.Is(err, checkpoint.ErrCorrupt) {
			t.Errorf("%+v: %v", bad, err)
		}
	}
}

// FuzzShard reads any bytes as a shard: an error or examples, never a panic.
func FuzzShard(f *testing.F) {
	whole, err := os.ReadFile("testdata/corpus-00000.arrow")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add(whole[:len(whole)/2])
	f.Fuzz(func(t *testing.T, data []byte) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "corpus-00000.arrow"), data, 0o644); err != nil {
			t.Fatal(err)
		}
		got, err := readAll(dir)
		for _, e := range got {
			if e.Prompt > len(e.Tokens) {
				t.Errorf("%+v, %v", e, err)
			}
		}
	})
}
