package pack

import (
	"errors"
	"io/fs"
	"iter"
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

// behind gives all examples but the first.
func behind(ex []Example) func(skip int) iter.Seq2[Example, error] {
	return func(skip int) iter.Seq2[Example, error] {
		return func(yield func(Example, error) bool) {
			for _, e := range ex[skip:] {
				if !yield(e, nil) {
					return
				}
			}
		}
	}
}

// stopped gives n examples and then an error.
func stopped(ex []Example, n int, why error) func(skip int) iter.Seq2[Example, error] {
	return func(skip int) iter.Seq2[Example, error] {
		return func(yield func(Example, error) bool) {
			for _, e := range ex[skip:n] {
				if !yield(e, nil) {
					return
				}
			}
			yield(Example{}, why)
		}
	}
}

func TestWritingGoesOnBehindTheWholeShards(t *testing.T) {
	dir, ex, why := t.TempDir(), examples(7, 500, 40), errors.New("the power went")
	want, err := WriteShards(t.TempDir(), behind(ex), 2000)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := WriteShards(dir, stopped(ex, 400, why), 2000); !errors.Is(err, why) {
		t.Fatal(err)
	}
	whole, _ := filepath.Glob(filepath.Join(dir, "*"))
	hidden, _ := filepath.Glob(filepath.Join(dir, ".*"))
	if len(whole) < 2 || len(hidden) != 0 {
		t.Fatalf("left %v and %v", whole, hidden)
	}
	damage(t, filepath.Join(whole[1], shardName(1))) // it and those behind it are made again
	skipped := -1
	got, err := WriteShards(dir, func(skip int) iter.Seq2[Example, error] { skipped = skip; return behind(ex)(skip) }, 2000)
	if err != nil || skipped < 50 || skipped > 200 || got.Examples != want.Examples || got.Tokens != want.Tokens || len(got.Files) != len(want.Files) {
		t.Fatalf("%v: skipped %d, %+v, want %+v", err, skipped, got, want)
	}
	for i, path := range got.Files {
		a, err := os.ReadFile(path)
		b, err2 := os.ReadFile(want.Files[i])
		if err != nil || err2 != nil || !slices.Equal(a, b) {
			t.Errorf("shard %d differs: %v, %v", i, err, err2)
		}
	}
}

// damage flips a bit in the middle of a file.
func damage(t *testing.T, path string) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)/2] ^= 1
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestShardsGiveTheExamplesBackInOrder(t *testing.T) {
	dir, ex := t.TempDir(), examples(6, 500, 40)
	s, err := WriteShards(t.TempDir(), behind(ex), 2000)
	if err != nil || len(s.Files) < 4 || filepath.Base(s.Files[1]) != "corpus-00001.arrow" || s.Examples != 500 {
		t.Fatal(s, err)
	}
	if err := s.Link(dir); err != nil {
		t.Fatal(err)
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
	if err := os.Remove(filepath.Join(dir, shardName(1))); err != nil {
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
		s, err := WriteShards(t.TempDir(), behind([]Example{bad}), 100)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := readAll(filepath.Dir(s.Files[0])); !errors.Is(err, checkpoint.ErrCorrupt) {
			t.Errorf("example %d, %+v: %v", i, bad, err)
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
