package pack

import (
	"errors"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"slm/checkpoint"
)

// readAll reads all shards in a folder.
func readAll(t *testing.T, dir string) (out []Example) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "corpus-*.arrow")) // sorted
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		rows, _, err := checkpoint.ReadTable[Example](name)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, rows...)
	}
	return out
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

func TestShards_WritingGoesOnBehindTheWholeOnes(t *testing.T) {
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

func TestShards_GiveTheExamplesBackInOrder(t *testing.T) {
	dir, ex := t.TempDir(), examples(6, 500, 40)
	s, err := WriteShards(t.TempDir(), behind(ex), 2000)
	if err != nil || len(s.Files) < 4 || filepath.Base(s.Files[1]) != "corpus-00001.arrow" || s.Examples != 500 {
		t.Fatal(s, err)
	}
	if err := s.Link(dir); err != nil {
		t.Fatal(err)
	}
	if got := readAll(t, dir); !same(got, ex) {
		t.Errorf("%d of %d examples", len(got), len(ex))
	}
}

func TestShards_OneIsTheGoldenFile(t *testing.T) {
	ex := []Example{{Tokens: []int32{5, 6, 7, 0}, Prompt: 2, ID: "a"}, {Tokens: []int32{8, 0}, ID: "b"}}
	if got := readAll(t, "testdata"); !same(got, ex) {
		t.Errorf("golden shard: %v", got)
	}
	s, err := WriteShards(t.TempDir(), behind(ex), 100)
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(s.Files[0])
	want, err2 := os.ReadFile("testdata/corpus-00000.arrow")
	if err := errors.Join(err, err2); err != nil || !slices.Equal(got, want) {
		t.Errorf("the format has changed: %v", err)
	}
}

func TestShards_OneThatIsCutAnywhereIsMadeAgain(t *testing.T) {
	dir, ex := t.TempDir(), examples(6, 3, 8)
	s, err := WriteShards(dir, behind(ex), 100)
	if err != nil || len(s.Files) != 1 {
		t.Fatal(s, err)
	}
	whole, err := os.ReadFile(s.Files[0])
	if err != nil {
		t.Fatal(err)
	}
	for n := range whole {
		if err := os.WriteFile(s.Files[0], whole[:n], 0o644); err != nil {
			t.Fatal(err)
		}
		if checkpoint.Verify(filepath.Dir(s.Files[0])) == nil {
			t.Fatalf("cut at %d of %d: it is taken for whole", n, len(whole))
		}
	}
	if _, err := WriteShards(dir, behind(ex), 100); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(s.Files[0]); err != nil || !slices.Equal(got, whole) {
		t.Errorf("made again: %d bytes of %d, %v", len(got), len(whole), err)
	}
}
