package search

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"slm/model/bag"
	"slm/stages"
	"slm/stages/domain"
)

func TestOwn_EncodesATextAloneAsAmongOthers(t *testing.T) {
	run := t.TempDir()
	from := Source{Dir: func(stage string) string { return filepath.Join(run, stage) }}
	if _, err := ownSpec.Open(context.Background(), from); err == nil || !strings.Contains(err.Error(), "has trained no encoder (stages.dp.mix.contrast)") {
		t.Fatalf("without its file: %v", err)
	}
	cfg := bag.DefaultConfig()
	cfg.Rows, cfg.Width = 512, 16
	if err := os.MkdirAll(from.Dir(stages.DP), 0o755); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(from.Dir(stages.DP), domain.EncoderFile)
	if err := bag.New(cfg, make([]int, cfg.Rows), 9, 1).Write(path); err != nil {
		t.Fatal(err)
	}
	e, err := ownSpec.Open(context.Background(), from)
	if err != nil {
		t.Fatal(err)
	}
	texts := []string{"may I copy it", "", "Section 3. Sublicences", "自然人"}
	all, err := e.Sections(context.Background(), texts)
	if err != nil || notUnit(all, e.Dim()) {
		t.Fatalf("%v, %v", all, err)
	}
	for i, text := range texts {
		alone, err := e.Questions(context.Background(), []string{text})
		if err != nil || !slices.Equal(alone[0], all[i]) {
			t.Errorf("%q has another vector alone, %v", text, err)
		}
	}
	if err := os.WriteFile(path, []byte("no encoder"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := ownSpec.Open(context.Background(), from); err == nil {
		t.Error("a file that is no encoder is opened")
	}
}

// notUnit reports whether one of the vectors has not the length 1.
func notUnit(vectors [][]float32, dim int) bool {
	return slices.ContainsFunc(vectors, func(v []float32) bool {
		sum := float32(0)
		for _, x := range v {
			sum += x * x
		}
		return len(v) != dim || sum < 0.999 || sum > 1.001
	})
}
