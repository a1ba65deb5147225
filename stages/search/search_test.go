package search

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"slm/checkpoint"
)

func write(t *testing.T, text string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, FusionFile), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

const goldenFusion = `{
  "v": 1,
  "fuse": "learned",
  "dense": [
    "minilm"
  ],
  "signals": [
    {
      "signal": "keyword",
      "weight": 1.25
    },
    {
      "signal": "minilm",
      "weight": 0.5
    }
  ],
  "questions": 99
}
`

var someFusion = Fusion{Version: 1, Fuse: Learned, Dense: []string{"minilm"}, Signals: []Weight{{"keyword", 1.25}, {"minilm", 0.5}}, Questions: 99}

func TestFusion_GoldenFileIsReadAndWrittenAsItWas(t *testing.T) {
	if got, err := ReadFusion(write(t, goldenFusion)); err != nil || !reflect.DeepEqual(got, someFusion) {
		t.Errorf("%+v, %v", got, err)
	}
	path := filepath.Join(t.TempDir(), FusionFile)
	if err := someFusion.Write(path); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != goldenFusion {
		t.Errorf("%s, %v", text, err)
	}
}

func TestFusion_CutOrForeignFileIsRefused(t *testing.T) {
	for n := range strings.TrimSpace(goldenFusion) {
		if _, err := ReadFusion(write(t, goldenFusion[:n])); !errors.Is(err, checkpoint.ErrCorrupt) {
			t.Fatalf("cut to %d: %v", n, err)
		}
	}
	for text, want := range map[string]error{
		strings.Replace(goldenFusion, `"v": 1`, `"v": 2`, 1):                  checkpoint.ErrNewer,
		strings.Replace(goldenFusion, "learned", "magic", 1):                  checkpoint.ErrCorrupt,
		`{"v":1,"fuse":"learned","dense":[]}`:                                 checkpoint.ErrCorrupt,
		strings.Replace(goldenFusion, `"weight": 0.5`, `"weight": "much"`, 1): checkpoint.ErrCorrupt,
	} {
		if _, err := ReadFusion(write(t, text)); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", text, err, want)
		}
	}
	if _, err := ReadFusion(t.TempDir()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}

func FuzzFusion_AnyTextIsReadOrRefused(f *testing.F) {
	f.Add(goldenFusion)
	f.Add(`{"v":1,"fuse":"rrf","dense":null}`)
	f.Fuzz(func(t *testing.T, text string) {
		got, err := ReadFusion(write(t, text))
		if err == nil && got.Fuse != RRF && len(got.Signals) == 0 {
			t.Errorf("%+v is taken", got)
		}
	})
}
