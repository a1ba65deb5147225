package formats

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"

	"slm/model/decode"
	"slm/model/kernel"
	"slm/model/weights"
)

// golden is what transformers computes (scripts/golden/architectures.py).
type golden struct {
	Tokens []int32
	Logits string // [tokens, vocabulary] float32
}

func readGolden(t *testing.T, folder string) (g golden, logits []float32) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(folder, "golden.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &g); err != nil {
		t.Fatal(err)
	}
	raw, err := base64.StdEncoding.DecodeString(g.Logits)
	if err != nil {
		t.Fatal(err)
	}
	logits = make([]float32, len(raw)/4)
	for i := range logits {
		logits[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
	}
	return g, logits
}

// divergence is Σ p·log(p/q) of two rows of logits, and whether they put the same token first.
func divergence(p, q []float32) (nats float64, same bool) {
	a, b := float64(kernel.LogSumExp(p)), float64(kernel.LogSumExp(q))
	for i := range p {
		x, y := float64(p[i])-a, float64(q[i])-b
		nats += math.Exp(x) * (x - y)
	}
	return nats, kernel.ArgMax(p) == kernel.ArgMax(q)
}

// The tokens go across windows of 9 positions, and across the length from which LLaMA 3.1 scales wavelengths.
func TestArchitectures_LogitsAreThoseOfTransformers(t *testing.T) {
	be, err := kernel.Open("go")
	if err != nil {
		t.Fatal(err)
	}
	folders, err := filepath.Glob(filepath.Join("testdata", "*", "golden.json"))
	if err != nil || len(folders) != 8 {
		t.Fatalf("%d models, %v", len(folders), err)
	}
	for _, path := range folders {
		folder := filepath.Dir(path)
		g, want := readGolden(t, folder)
		for _, reference := range []string{"gguf:" + filepath.Join(folder, "model.gguf"), "hf:" + folder} {
			t.Run(reference, func(t *testing.T) {
				ref, _, err := weights.Parse(reference)
				if err != nil {
					t.Fatal(err)
				}
				source, err := ref.Open()
				if err != nil {
					t.Fatal(err)
				}
				defer func() {
					if err := source.Close(); err != nil {
						t.Error(err)
					}
				}()
				p, err := weights.Params(source)
				if err != nil {
					t.Fatal(err)
				}
				got, err := decode.New(p, be).Logits(context.Background(), g.Tokens)
				if err != nil {
					t.Fatal(err)
				}
				checkLogits(t, got, want, len(g.Tokens))
				checkChoices(t, decode.New(p, be), g.Tokens, want)
			})
		}
	}
}

func checkLogits(t *testing.T, got, want []float32, rows int) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d logits, want %d", len(got), len(want))
	}
	vocab, worst := len(want)/rows, 0.0
	for r := range rows {
		nats, same := divergence(want[r*vocab:(r+1)*vocab], got[r*vocab:(r+1)*vocab])
		if worst = max(worst, nats); !same || !(nats < 1e-4) {
			t.Errorf("position %d: a divergence of %.2g nats, the same token first: %v", r, nats, same)
		}
	}
	t.Logf("largest divergence %.2g nats", worst)
}

// checkChoices continues each beginning of the text by a token: it must be the one that stands first in the golden file.
func checkChoices(t *testing.T, d *decode.Decoder, tokens []int32, want []float32) {
	t.Helper()
	vocab := len(want) / len(tokens)
	for n := 1; n <= len(tokens); n++ {
		got, err := d.Generate(context.Background(), []decode.Request{{Prompt: tokens[:n], MaxNew: 1}})
		if err != nil {
			t.Fatal(err)
		}
		if best := kernel.ArgMax(want[(n-1)*vocab : n*vocab]); got[0].Tokens[0] != int32(best) {
			t.Errorf("after %d tokens: %d, want %d", n, got[0].Tokens[0], best)
		}
	}
}
