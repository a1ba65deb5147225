package model

import (
	"fmt"
	"math"
	"math/rand/v2"
	"syscall"
	"testing"

	"slm/checkpoint"
	"slm/internal/pairwise"
	"slm/model/kernel"
	"slm/model/op"
)

// apart runs nodes of the rows of b by themselves, on a graph that has so many rows, and adds what gathers in the order of the tree. Each sum goes through round, where there is one.
func apart(t *testing.T, g *Graph, cfg Config, b Batch, rows, leaf, leaves int, round func(op.Sums)) ([]checkpoint.Tensor, float64) {
	t.Helper()
	if round == nil {
		round = func(op.Sums) {}
	}
	home := g.Sums()
	slots, losses := []op.Sums{home}, make([]float64, 32)
	merge := func(into, from int) {
		slots[into].Add(slots[from])
		round(slots[into])
		losses[into] += losses[from]
	}
	var order pairwise.Order
	n := (rows + leaf - 1) / leaf
	for _, node := range pairwise.Cover(0, n, n, leaves) {
		k := order.Push(node.First, merge)
		if k == len(slots) {
			slots = append(slots, home.Like())
		}
		g.Into(slots[k])
		g.Zero()
		loss, err := g.Run(rowsOf(b, node.First*leaf, g.Seqs, g.Len), 0.125)
		if err != nil {
			t.Fatal(err)
		}
		losses[k] = loss
		round(slots[k])
	}
	order.End(merge)
	g.Into(home)
	return gradientTensors(t, g, cfg), losses[0]
}

// rowsOf is n rows of a batch from a first one on, filled up with padding.
func rowsOf(b Batch, first, n, length int) Batch {
	var out Batch
	for row := first; row < first+n; row++ {
		var r Batch
		if (row+1)*length <= len(b.Tokens) {
			r = rowOf(b, row, length)
		} else {
			r = Batch{Tokens: make([]int32, length), Targets: make([]int32, length), Docs: make([]int32, length)}
			for i := range length {
				r.Targets[i], r.Docs[i] = -1, -1
			}
		}
		for i, d := range r.Docs {
			if d >= 0 {
				r.Docs[i] = d + int32((row-first)*length)
			}
		}
		out.Tokens, out.Targets, out.Docs = append(out.Tokens, r.Tokens...), append(out.Targets, r.Targets...), append(out.Docs, r.Docs...)
	}
	return out
}

func TestCutLeaves_RunsOfSubtreesHaveTheBitsOfOneRun(t *testing.T) {
	const length = 16
	for _, tied := range []bool{true, false} {
		cfg := tiny(tied)
		b := manyRows(cfg, 300)
		for _, backend := range backends(t) {
			be := mustOpen(t, backend)
			inOrder := gather(t, mustGraph(t, New(cfg, 3), be, 8, length), cfg, rowsOf(b, 0, 8, length))
			for _, c := range []struct{ rows, leaf int }{{8, 1}, {8, 2}, {7, 1}, {5, 2}, {3, 1}, {300, 1}} { // the head takes 128 rows at a time
				part := rowsOf(b, 0, c.rows, length)
				g := mustGraph(t, New(cfg, 3), be, c.rows, length)
				g.CutLeaves(c.leaf)
				g.Zero()
				loss, err := g.Run(part, 0.125)
				if err != nil {
					t.Fatal(err)
				}
				whole := gradientTensors(t, g, cfg)
				if c.rows == 8 && c.leaf == 1 && equalBits(whole, inOrder) {
					t.Fatalf("%s: a tree has the bits of rows in order: the test proves nothing", backend)
				}
				for _, leaves := range []int{1, 2, 4, 32} {
					if leaves > c.rows || c.rows > 8 && leaves < 4 {
						continue
					}
					part := mustGraph(t, New(cfg, 3), be, leaves*c.leaf, length)
					part.CutLeaves(c.leaf)
					got, sum := apart(t, part, cfg, rowsOf(b, 0, c.rows, length), c.rows, c.leaf, leaves, nil)
					sameBits(t, fmt.Sprintf("%s, tied %v: %d rows in leaves of %d, %d at a time", backend, tied, c.rows, c.leaf, leaves), whole, got)
					if math.Float64bits(sum) != math.Float64bits(loss) {
						t.Errorf("%s: %d rows in leaves of %d, %d at a time: loss %v, want %v", backend, c.rows, c.leaf, leaves, sum, loss)
					}
				}
			}
		}
	}
}

// The nearest bfloat16 of each leaf, and of each sum of two, by its definition; the rows of a leaf, and what a tied head gives, are added in float32.
func TestCutLeaves_HalfSumsAreRoundedAtEachLeafAndEachSum(t *testing.T) {
	const length = 16
	nearest := func(s op.Sums) {
		for _, data := range s {
			for i, v := range data {
				b := math.Float32bits(v)
				data[i] = math.Float32frombits((b+0x7fff+b>>16&1)&^0xffff) + 0
			}
		}
	}
	for _, tied := range []bool{true, false} {
		cfg := tiny(tied)
		b, be := manyRows(cfg, 150), mustOpen(t, "go")
		for _, c := range []struct{ rows, leaf int }{{8, 1}, {7, 2}, {150, 140}} {
			want, _ := apart(t, mustGraph(t, New(cfg, 3), be, c.leaf, length), cfg, rowsOf(b, 0, c.rows, length), c.rows, c.leaf, 1, nearest)
			g := mustGraph(t, New(cfg, 3), (kernel.ClassF32 + kernel.HalfSums).On(be), c.rows, length)
			g.CutLeaves(c.leaf)
			g.Zero()
			if _, err := g.Run(rowsOf(b, 0, c.rows, length), 0.125); err != nil {
				t.Fatal(err)
			}
			sameBits(t, fmt.Sprintf("tied %v: %d rows in leaves of %d", tied, c.rows, c.leaf), want, gradientTensors(t, g, cfg))
		}
	}
}

// manyRows is a batch of n rows of 16 tokens, n even.
func manyRows(cfg Config, n int) (b Batch) {
	for i := range n / 2 {
		p := packedBatch(cfg, uint64(i+1))
		for j := range p.Docs {
			if p.Docs[j] >= 0 {
				p.Docs[j] += int32(i * len(p.Docs))
			}
		}
		b.Tokens, b.Targets, b.Docs = append(b.Tokens, p.Tokens...), append(b.Targets, p.Targets...), append(b.Docs, p.Docs...)
	}
	return b
}

func equalBits(a, b []checkpoint.Tensor) bool {
	for i := range a {
		for j := range a[i].Data {
			if math.Float32bits(a[i].Data[j]) != math.Float32bits(b[i].Data[j]) {
				return false
			}
		}
	}
	return true
}

// What the tree costs one process: the gradient of a step of recipes/legal.yaml with eight leaves, four, and one, and with eight whose sums are rounded; and how far those are from the
// others, as a share of the gradient's norm. Processor time, as others may use the machine.
func BenchmarkLeaves(b *testing.B) {
	const seqs, length = 8, 512
	cfg := Config{
		Vocab: 4096, Width: 256, Layers: 6, Heads: 4, KVHeads: 4, HeadDim: 64, Hidden: 704, Context: length, RopeTheta: 1e4, NormEps: 1e-5, Tied: true,
	}
	be := mustOpen(b, "")
	plain := mustGraph(b, New(cfg, 1), be, seqs, length)
	rounded := mustGraph(b, New(cfg, 1), (be.Class() + kernel.HalfSums).On(be), seqs, length)
	draw := rand.New(rand.NewPCG(1, 1))
	var batch Batch
	for i := range seqs * length {
		batch.Tokens, batch.Targets = append(batch.Tokens, draw.Int32N(4096)), append(batch.Targets, draw.Int32N(4096))
		batch.Docs = append(batch.Docs, int32(i/128*128))
	}
	ways := []struct {
		g    *Graph
		leaf int
		name string
	}{{plain, 0, "1-leaf"}, {plain, 2, "4-leaves"}, {plain, 1, "8-leaves"}, {rounded, 1, "8-rounded"}}
	least := make([]float64, len(ways))
	for b.Loop() {
		for i, w := range ways {
			w.g.CutLeaves(w.leaf)
			before := processor()
			w.g.Zero()
			if _, err := w.g.Run(batch, 1./seqs/length); err != nil {
				b.Fatal(err)
			}
			if took := processor() - before; least[i] == 0 || took < least[i] {
				least[i] = took
			}
		}
	}
	for i, w := range ways {
		b.ReportMetric(1e3*least[i], "cpu-ms/"+w.name)
	}
	was, square, norm := plain.Sums(), 0.0, 0.0
	for i, data := range rounded.Sums() {
		for j, v := range data {
			square += math.Pow(float64(v-was[i][j]), 2)
			norm += math.Pow(float64(was[i][j]), 2)
		}
	}
	b.ReportMetric(math.Sqrt(square/norm), "rounding/norm")
}

// processor is the processor time of this program in seconds.
func processor() float64 {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u) // 0 where there is none
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}
