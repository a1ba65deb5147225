package model

import (
	"encoding/json"
	"math"
	"os"
	"slices"
	"testing"

	"slm/model/kernel"
)

// llamaCase is a case of testdata/llama.json, which scripts/golden/llama.py makes.
type llamaCase struct {
	Tied      bool
	Names     []string
	Tokens    [][]int32
	Loss      float64
	Gradients map[string][]float64
}

// goldenValue is the weight that llama.py gives element j of its i-th tensor.
func goldenValue(i, j int) float64 {
	x := (i*7919 + j*104729 + 12345) % 65536
	return (float64(x)/65536 - 0.5) * 0.6
}

func TestGraph_LossAndGradientsEqualPyTorch(t *testing.T) {
	text, err := os.ReadFile("testdata/llama.json")
	if err != nil {
		t.Fatal(err)
	}
	var golden struct {
		Config Config
		Cases  []llamaCase
	}
	if err := json.Unmarshal(text, &golden); err != nil {
		t.Fatal(err)
	}
	for _, backend := range backends(t) {
		if mustOpen(t, backend).Precision() != kernel.F32 {
			continue
		}
		for _, c := range golden.Cases {
			cfg := golden.Config
			cfg.Tied = c.Tied
			p := Zeros(cfg)
			for _, ts := range p.Tensors() {
				i := slices.Index(c.Names, ts.Name)
				if i < 0 {
					t.Fatalf("PyTorch has no %s", ts.Name)
				}
				for j := range ts.Data {
					v := goldenValue(i, j)
					if len(ts.Shape) == 1 {
						v++
					}
					ts.Data[j] = float32(v)
				}
			}
			rows, n := len(c.Tokens), len(c.Tokens[0])
			b := Batch{}
			for r, row := range c.Tokens {
				for i, id := range row {
					target := int32(-1)
					if i+1 < n {
						target = row[i+1]
					}
					b.Tokens, b.Targets, b.Docs = append(b.Tokens, id), append(b.Targets, target), append(b.Docs, int32(r*n))
				}
			}
			g := mustGraph(t, p, mustOpen(t, backend), rows, n)
			g.Zero()
			loss, err := g.Run(b, 1/float32(rows*(n-1)))
			if err != nil {
				t.Fatal(err)
			}
			if math.Abs(loss-c.Loss) > 1e-4*c.Loss {
				t.Errorf("%s, tied %v: loss %.7f, PyTorch %.7f", backend, c.Tied, loss, c.Loss)
			}
			for _, ts := range gradientTensors(t, g, cfg) {
				want := c.Gradients[ts.Name]
				scale := 0.0
				for _, w := range want {
					scale = max(scale, math.Abs(w))
				}
				for j, got := range ts.Data {
					if math.Abs(float64(got)-want[j]) > 1e-4*scale {
						t.Fatalf("%s, tied %v: gradient of %s[%d] is %g, PyTorch %g", backend, c.Tied, ts.Name, j, got, want[j])
					}
				}
			}
		}
	}
}
