package model

import (
	"errors"
	"fmt"
	"math"
	"testing"

	"slm/model/kernel"
	"slm/rng"
)

// tiny is a two-layer model with grouped queries and sizes that are no multiples of a vector.
func tiny(tied bool) Config {
	return Config{Vocab: 37, Width: 24, Layers: 2, Heads: 4, KVHeads: 2, HeadDim: 6, Hidden: 20, Context: 32, RopeTheta: 10000, NormEps: 1e-5, Tied: tied}
}

// packedBatch is three documents and padding in two rows of 16.
func packedBatch(cfg Config, seed uint64) Batch {
	const n = 32
	s := rng.New(seed, "batch")
	b := Batch{Tokens: make([]int32, n), Targets: make([]int32, n), Docs: make([]int32, n)}
	for i := range n {
		b.Tokens[i] = int32(s.IntN(cfg.Vocab))
	}
	for i := range n {
		b.Docs[i], b.Targets[i] = -1, -1
	}
	for _, d := range [][2]int{{0, 9}, {9, 14}, {16, 32}} {
		for i := d[0]; i < d[1]; i++ {
			b.Docs[i] = int32(d[0])
			if i+1 < d[1] {
				b.Targets[i] = b.Tokens[i+1]
			}
		}
	}
	return b
}

func mustOpen(t testing.TB, name string) kernel.Backend {
	t.Helper()
	be, err := kernel.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	return be
}

// backends are the names of those that this machine has.
func backends(t testing.TB) (names []string) {
	t.Helper()
	for _, name := range kernel.Names() {
		_, err := kernel.Open(name)
		if err == nil {
			names = append(names, name)
		} else if !errors.Is(err, kernel.ErrNoOneDNN) && !errors.Is(err, kernel.ErrNoAMX) {
			t.Fatal(err)
		}
	}
	return names
}

func mustGraph(t testing.TB, p *Params, be kernel.Backend, seqs, length int) *Graph {
	t.Helper()
	g, err := NewGraph(p, be, seqs, length, Gradients)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestGraph_GradientsOfATwoLayerModelMatchFiniteDifferences(t *testing.T) {
	for _, tied := range []bool{true, false} {
		p := spread(New(tiny(tied), 3))
		matchDifferences(t, fmt.Sprintf("tied %v", tied), mustGraph(t, p, mustOpen(t, "go"), 2, 16), packedBatch(p.Config, 1), 12)
	}
}

// spread makes parameters larger than their initial values, so that every path carries gradient.
func spread(p *Params) *Params {
	for _, ts := range p.Tensors() {
		for i := range ts.Data {
			ts.Data[i] *= 5
		}
	}
	return p
}

// matchDifferences compares some values of each gradient with fourth-order central differences: their truncation error stays below f32's rounding.
func matchDifferences(t *testing.T, what string, g *Graph, b Batch, values int) {
	t.Helper()
	run := func() float64 {
		loss, err := g.Run(b, 1)
		if err != nil {
			t.Fatal(err)
		}
		return loss
	}
	g.Zero()
	run()
	grads, err := g.Gradients()
	if err != nil {
		t.Fatal(err)
	}
	want := make([][]float32, len(grads))
	for i := range grads {
		want[i] = append([]float32(nil), grads[i].G...)
	}
	for i, gr := range grads {
		stream := rng.New(9, gr.Name)
		for range values {
			j, h := stream.IntN(len(gr.W)), float32(2e-3)
			old := gr.W[j]
			at := func(x float32) float64 {
				gr.W[j] = x
				g.Refresh()
				return run()
			}
			num := (8*(at(old+h)-at(old-h)) - (at(old+2*h) - at(old-2*h))) / (12 * float64(h))
			gr.W[j] = old
			if diff := math.Abs(num - float64(want[i][j])); diff > 2e-2+1e-2*math.Abs(num) {
				t.Errorf("%s: %s[%d]: gradient %.6f, finite difference %.6f", what, gr.Name, j, want[i][j], num)
			}
		}
	}
}

func BenchmarkStepLegal(b *testing.B) {
	cfg := Config{Vocab: 4096, Width: 256, Layers: 6, Heads: 4, KVHeads: 4, HeadDim: 64, Hidden: 704, Context: 512, RopeTheta: 10000, NormEps: 1e-5, Tied: true}
	p := New(cfg, 1)
	const seqs, length = 8, 512
	g := mustGraph(b, p, mustOpen(b, ""), seqs, length)
	s, batch := rng.New(1, "bench"), Batch{}
	for i := range seqs * length {
		batch.Tokens = append(batch.Tokens, int32(s.IntN(cfg.Vocab)))
		batch.Targets = append(batch.Targets, int32(s.IntN(cfg.Vocab)))
		batch.Docs = append(batch.Docs, int32(i/256*256))
	}
	for b.Loop() {
		g.Zero()
		if _, err := g.Run(batch, 1./(seqs*length)); err != nil {
			b.Fatal(err)
		}
		g.Refresh()
	}
	b.ReportMetric(float64(b.N)*seqs*length/b.Elapsed().Seconds(), "tok/s")
}
