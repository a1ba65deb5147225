package gguf

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"slm/model/blocks"
	"slm/model/weights"
)

// writeParts writes a model of two tensors in two parts, after edit has changed what they say of themselves.
func writeParts(t *testing.T, edit func(part int, meta map[string]any)) string {
	t.Helper()
	dir := t.TempDir()
	for i := range 2 {
		meta := map[string]any{"split.no": uint16(i), "split.count": uint16(2), "split.tensors.count": int32(2)}
		edit(i, meta)
		w := newWriter()
		for _, key := range []string{"split.no", "split.count", "split.tensors.count"} {
			if v, ok := meta[key]; ok {
				w.meta(key, v)
			}
		}
		name := fmt.Sprintf("t%d", i)
		if n, ok := meta["tensor"]; ok {
			name = n.(string)
		}
		w.tensor(name, blocks.F32, []int{2}, floats(float32(i), 7))
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("m-%05d-of-00002.gguf", i+1)), w.bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "m-00001-of-00002.gguf")
}

func TestOpen_PartsOfASplitModelAreOne(t *testing.T) {
	path := writeParts(t, func(int, map[string]any) {})
	f, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := f.Floats("t1"); err != nil || !slices.Equal(got, []float32{1, 7}) || len(f.Names()) != 2 {
		t.Errorf("%v %v, tensors %v", got, err, f.Names())
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	ref := weights.Ref{Format: Format, Path: path}
	if all, err := ref.Files(); err != nil || len(all) != 2 {
		t.Errorf("files %v %v", all, err)
	}
}

func TestOpen_PartsThatDoNotFitAreNamed(t *testing.T) {
	for name, c := range map[string]struct {
		edit func(part int, meta map[string]any)
		word string
	}{
		"other number":  {func(part int, m map[string]any) { m["split.no"] = uint16(0) }, "split.no"},
		"other count":   {func(part int, m map[string]any) { m["split.count"] = uint16(3) }, "its name says 2"},
		"too few":       {func(part int, m map[string]any) { m["split.tensors.count"] = int32(3) }, "hold 2 tensors"},
		"twice":         {func(part int, m map[string]any) { m["tensor"] = "t" }, "earlier part"},
		"number absent": {func(part int, m map[string]any) { delete(m, "split.no") }, "split.no"},
	} {
		if _, err := Open(writeParts(t, c.edit)); !errors.Is(err, weights.ErrFormat) || !strings.Contains(err.Error(), c.word) {
			t.Errorf("%s: %v, want %q", name, err, c.word)
		}
	}
	path := writeParts(t, func(int, map[string]any) {})
	second := strings.Replace(path, "00001-of", "00002-of", 1)
	if _, err := Open(second); !errors.Is(err, weights.ErrFormat) || !strings.Contains(err.Error(), "not the first part") {
		t.Error(err)
	}
	if err := os.Remove(second); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), second) {
		t.Error(err)
	}
	if _, err := files(path); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if _, err := Open(strings.Replace(path, "of-00002", "of-00000", 1)); !errors.Is(err, weights.ErrFormat) {
		t.Error(err)
	}
}
