package model

import (
	"fmt"
	"slices"
	"testing"
)

// TestProbe_TakesTurnsWithTheGraphBesideIt changes the weights and asks both graphs in turn: each has the bits of graphs that share nothing.
func TestProbe_TakesTurnsWithTheGraphBesideIt(t *testing.T) {
	for _, name := range backends(t) {
		be := mustOpen(t, name)
		for _, p := range []*Params{New(tiny(true), 3), New(tiny(false), 3), adapted(t, true)} {
			what := fmt.Sprintf("%s, tied %v, adapter %v", name, p.Config.Tied, p.Adapter != nil)
			g, alone := mustGraph(t, p, be, 2, 16), mustGraph(t, p, be, 2, 16)
			probe, err := g.Probe(be, 2, 16)
			if err != nil {
				t.Fatal(err)
			}
			losses, err := NewGraph(p, be, 2, 16, Losses)
			if err != nil {
				t.Fatal(err)
			}
			run := func(g *Graph) float64 {
				loss, err := g.Run(packedBatch(p.Config, 1), 0.1)
				if err != nil {
					t.Fatal(err)
				}
				return loss
			}
			for step := range 3 {
				for _, g := range []*Graph{g, alone, probe, losses} {
					g.Refresh()
				}
				g.Zero()
				alone.Zero()
				first, want := run(g), run(alone)
				if a, b := run(probe), run(losses); a != b {
					t.Errorf("%s, step %d: the probe's loss is %v, that of a graph alone %v", what, step, a, b)
				}
				if second := run(g); first != want || second != run(alone) {
					t.Errorf("%s, step %d: losses %v and %v beside a probe, alone %v", what, step, first, second, want)
				}
				for i, sum := range g.Sums() {
					if !slices.Equal(sum, alone.Sums()[i]) {
						t.Errorf("%s, step %d: sum %d differs beside a probe", what, step, i)
					}
				}
				for _, ts := range p.Tensors() {
					ts.Data[step] *= 1.5
				}
			}
		}
	}
}
