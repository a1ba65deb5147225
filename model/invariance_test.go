package model

import (
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"slm/checkpoint"
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
	return gather(t, mustGraph(t, New(cfg, 3), mustOpen(t, backend), seqs, 16), cfg, batches...)
}

func gather(t *testing.T, g *Graph, cfg Config, batches ...Batch) []checkpoint.Tensor {
	t.Helper()
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

// rowOf is one row of a batch, as a batch of its own.
func rowOf(b Batch, row, length int) Batch {
	lo, hi := row*length, (row+1)*length
	h := Batch{Tokens: b.Tokens[lo:hi], Targets: b.Targets[lo:hi], Docs: slices.Clone(b.Docs[lo:hi])}
	for i := range h.Docs {
		if h.Docs[i] >= 0 {
			h.Docs[i] -= int32(lo)
		}
	}
	return h
}

func TestGraph_MicroBatchesGiveTheSameBits(t *testing.T) {
	for _, backend := range backends(t) {
		b := packedBatch(tiny(true), 5)
		whole := gradientsOf(t, backend, 2, b)
		parts := gradientsOf(t, backend, 1, rowOf(b, 0, 16), rowOf(b, 1, 16))
		sameBits(t, backend, whole, parts)
	}
}

// Rows of whole steps are terms of one product where the backend allows it.
func TestGraph_RowsOfOneProductHaveTheBitsOfRowsOneByOne(t *testing.T) {
	const rows, length = 3, 32
	cfg := tiny(true)
	r := rand.New(rand.NewPCG(8, 8))
	var b Batch
	for i := range rows * length {
		b.Tokens, b.Targets = append(b.Tokens, r.Int32N(int32(cfg.Vocab))), append(b.Targets, r.Int32N(int32(cfg.Vocab)))
		b.Docs = append(b.Docs, int32(i/length*length))
	}
	for _, backend := range backends(t) {
		graph := func(seqs int) *Graph {
			g, err := NewGraph(New(cfg, 3), mustOpen(t, backend), seqs, length, Gradients)
			if err != nil {
				t.Fatal(err)
			}
			return g
		}
		whole := gather(t, graph(rows), cfg, b)
		sameBits(t, backend, whole, gather(t, graph(1), cfg, rowOf(b, 0, length), rowOf(b, 1, length), rowOf(b, 2, length)))
	}
}

func TestGraph_ThreadsDoNotChangeABit(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, backend := range backends(t) {
		b := packedBatch(tiny(true), 6)
		runtime.GOMAXPROCS(1)
		one := gradientsOf(t, backend, 2, b)
		for _, n := range []int{2, 3, 4} {
			runtime.GOMAXPROCS(n)
			sameBits(t, backend, one, gradientsOf(t, backend, 2, b))
		}
	}
}

func TestRecomputing_GivesTheSameBits(t *testing.T) {
	for _, backend := range backends(t) {
		for _, tied := range []bool{true, false} {
			cfg := tiny(tied)
			cfg.Layers = 3
			var got [][]checkpoint.Tensor
			for _, mode := range []Mode{Gradients, Recomputing} {
				g, err := NewGraph(New(cfg, 3), mustOpen(t, backend), 2, 16, mode)
				if err != nil {
					t.Fatal(err)
				}
				// The second batch has other documents, which must not be left from the first.
				got = append(got, gather(t, g, cfg, packedBatch(cfg, 5), oneDocumentARow(packedBatch(cfg, 6))))
			}
			sameBits(t, backend, got[0], got[1])
		}
	}
}

// oneDocumentARow makes each row one document.
func oneDocumentARow(b Batch) Batch {
	for i := range b.Docs {
		b.Docs[i] = int32(i / 16 * 16)
	}
	return b
}

// allocated is how many bytes building a graph asks for.
func allocated(t *testing.T, cfg Config, mode Mode) float64 {
	t.Helper()
	p, be := New(cfg, 3), mustOpen(t, "go")
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := NewGraph(p, be, 32, 32, mode); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	return float64(after.TotalAlloc - before.TotalAlloc)
}

func TestRecomputing_BlocksShareTheirMemory(t *testing.T) {
	cfg := tiny(true)
	cfg.Layers = 10
	// What a token's gradient needs of a layer: queries, keys, values, mixed values, log-sum-exps, gates, and two norms' roots.
	perToken := float64(4 * (cfg.QKVWidth() + cfg.QWidth() + cfg.Heads + 2*cfg.Hidden + 2))
	want := float64(cfg.Layers-1) * 32 * 32 * perToken
	kept, again := allocated(t, cfg, Gradients), allocated(t, cfg, Recomputing)
	if saved := kept - again; saved < .9*want {
		t.Errorf("%.0f bytes instead of %.0f: %.0f less, the activations of nine layers are %.0f", again, kept, saved, want)
	}
	if losses := allocated(t, cfg, Losses); losses >= again/2 {
		t.Errorf("without gradients a graph takes %.0f bytes, with recomputed activations %.0f", losses, again)
	}
}

func TestGraph_DocumentNeverSeesItsNeighbour(t *testing.T) {
	for _, backend := range backends(t) {
		cfg := tiny(true)
		g, err := NewGraph(New(cfg, 3), mustOpen(t, backend), 2, 16, Losses)
		if err != nil {
			t.Fatal(err)
		}
		b := packedBatch(cfg, 7)
		losses := func() []float32 {
			if _, err := g.Run(b, 1); err != nil {
				t.Fatal(err)
			}
			return slices.Clone(g.runtime.Losses())
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

// Without gradients, the head leaves out the tokens that have no target.
func TestGraph_LossesAreTheSameBitsWithAndWithoutGradients(t *testing.T) {
	cfg := tiny(true)
	b := packedBatch(cfg, 7)
	for i := range 6 {
		b.Targets[i] = -1 // a question that is read, not trained
	}
	for i := 16; i < 32; i++ {
		b.Targets[i] = -1 // a row without any target
	}
	for _, backend := range backends(t) {
		losses := func(mode Mode) []float32 {
			g, err := NewGraph(New(cfg, 3), mustOpen(t, backend), 2, 16, mode)
			if err != nil {
				t.Fatal(err)
			}
			total, err := g.Run(b, 1)
			if err != nil {
				t.Fatal(err)
			}
			return append(slices.Clone(g.runtime.Losses()), float32(total))
		}
		with, without := losses(Gradients), losses(Losses)
		if with[6] == 0 || !slices.Equal(with, without) {
			t.Errorf("%s: %v with gradients, %v without", backend, with, without)
		}
	}
}

func TestGraph_NonFiniteLossIsReported(t *testing.T) {
	cfg := tiny(true)
	p := New(cfg, 3)
	p.Layers[1].Down[0] = float32(math.NaN())
	g := mustGraph(t, p, mustOpen(t, "go"), 2, 16)
	if _, err := g.Run(packedBatch(cfg, 1), 1); err != ErrNotFinite {
		t.Fatalf("got %v, want %v", err, ErrNotFinite)
	}
}
