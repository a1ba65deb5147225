package model

import (
	"fmt"
	"slices"
	"testing"
)

func TestReady_EachSumIsToldOnceWhenNothingAddsToItAnyMore(t *testing.T) {
	for _, tied := range []bool{true, false} {
		for _, mode := range []Mode{Gradients, Recomputing} {
			for _, p := range []*Params{New(tiny(tied), 3), adapted(t, tied)} {
				what := fmt.Sprintf("tied %v, mode %v, adapter %v", tied, mode, p.Adapter != nil)
				g, err := NewGraph(p, mustOpen(t, "go"), 2, 16, mode)
				if err != nil {
					t.Fatal(err)
				}
				run := func(seed uint64) {
					if _, err := g.Run(packedBatch(p.Config, seed), 0.1); err != nil {
						t.Fatal(err)
					}
				}
				run(1) // adds to what gathers already
				sums := g.Sums()
				var order []int
				then := map[int][]float32{}
				g.Ready(func(i int) { order, then[i] = append(order, i), slices.Clone(sums[i]) })
				run(2)
				if len(order) != len(sums) || len(then) != len(sums) {
					t.Errorf("%s: %v of %d sums", what, order, len(sums))
				}
				for i, data := range then {
					if !slices.Equal(data, sums[i]) {
						t.Errorf("%s: sum %d was told and then added to", what, i)
					}
				}
				if p.Adapter == nil && !slices.IsSorted(order) { // a bucket of neighbours is complete early
					t.Errorf("%s: in the order %v", what, order)
				}
				g.Ready(nil)
				run(3)
				if len(order) != len(sums) {
					t.Errorf("%s: told after nil", what)
				}
			}
		}
	}
}
