package model

import (
	"math"
	"slices"
	"testing"

	"slm/checkpoint"
	"slm/model/kernel"
)

// gradientTensors gives the gradients under Hugging Face's names.
func gradientTensors(t *testing.T, g *Graph, cfg Config) []checkpoint.Tensor {
	t.Helper()
	grads, err := g.Gradients()
	if err != nil {
		t.Fatal(err)
	}
	p := Zeros(cfg)
	into := [][]float32{p.Embed}
	for i := range p.Layers {
		l := &p.Layers[i]
		into = append(into, l.AttnNorm, l.QKV, l.Out, l.MLPNorm, l.GateUp, l.Down)
	}
	into = append(into, p.Norm)
	if !cfg.Tied {
		into = append(into, p.Head)
	}
	for i, gr := range grads {
		copy(into[i], gr.G)
	}
	return p.Tensors()
}

// gradientsOf runs batches one after the other and returns the gathered gradients.
func gradientsOf(t *testing.T, backend string, seqs int, batches ...Batch) []checkpoint.Tensor {
	t.Helper()
	cfg := tiny(true)
	g := mustGraph(t, New(cfg, 3), mustOpen(t, backend), seqs, 16)
	g.Zero()
	for _, b := range batches {
		if _, err := g.Run(b, 0.125); err != nil {
			t.Fatal(err)
		}
	}
	return gradientTensors(t, g, cfg)
}

func sameBits(t *testing.T, what string, a, b []checkpoint.Tensor) {
	t.Helper()
	for i := range a {
		for j := range a[i].Data {
			if math.Float32bits(a[i].Data[j]) != math.Float32bits(b[i].Data[j]) {
				t.Fatalf("%s: %s[%d] is %g and %g", what, a[i].Name, j, a[i].Data[j], b[i].Data[j])
			}
		}
	}
}

// half is one row of a two-row batch, as a batch of its own.
func half(b Batch, row int) Batch {
	lo, hi := row*16, (row+1)*16
	h := Batch{Tokens: b.Tokens[lo:hi], Targets: b.Targets[lo:hi], Docs: slices.Clone(b.Docs[lo:hi])}
	for i := range h.Docs {
		if h.Docs[i] >= 0 {
			h.Docs[i] -= int32(lo)
		}
	}
	return h
}

func TestMicroBatchesGiveTheSameBits(t *testing.T) {
	for _, backend := range backends(t) {
		b := packedBatch(tiny(true), 5)
		whole := gradientsOf(t, backend, 2, b)
		parts := gradientsOf(t, backend, 1, half(b, 0), half(b, 1))
		sameBits(t, backend, whole, parts)
	}
}

func TestThreadsDoNotChangeABit(t *testing.T) {
	defer kernel.SetThreads(0)
	for _, backend := range backends(t) {
		b := packedBatch(tiny(true), 6)
		kernel.SetThreads(1)
		one := gradientsOf(t, backend, 2, b)
		for _, n := range []int{2, 3, 4} {
			kernel.SetThreads(n)
			sameBits(t, backend, one, gradientsOf(t, backend, 2, b))
		}
	}
}

func TestADocumentNeverSeesItsNeighbour(t *testing.T) {
	for _, backend := range backends(t) {
		cfg := tiny(true)
		g, err := NewGraph(New(cfg, 3), mustOpen(t, backend), 2, 16, false)
		if err != nil {
			t.Fatal(err)
		}
		b := packedBatch(cfg, 7)
		losses := func() []float32 {
			if _, err := g.Run(b, 1); err != nil {
				t.Fatal(err)
			}
			return slices.Clone(g.Losses())
		}
		before := losses()
		for i := range 9 { // the first document of the first row
			b.Tokens[i] = (b.Tokens[i] + 11) % int32(cfg.Vocab)
		}
		after := losses()
		if slices.Equal(before[:9], after[:9]) {
			t.Fatalf("%s: the perturbed document did not change: the test proves nothing", backend)
		}
		for i := 9; i < len(after); i++ {
			if before[i] != after[i] {
				t.Errorf("%s: token %d of another document changed from %g to %g", backend, i, before[i], after[i])
			}
		}
	}
}

func TestANonFiniteLossIsReported(t *testing.T) {
	cfg := tiny(true)
	p := New(cfg, 3)
	p.Layers[1].Down[0] = float32(math.NaN())
	g := mustGraph(t, p, mustOpen(t, "go"), 2, 16)
	if _, err := g.Run(packedBatch(cfg, 1), 1); err != ErrNotFinite {
		t.Fatalf("got %v, want %v", err, ErrNotFinite)
	}
}
