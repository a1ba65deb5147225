package model

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"unsafe"
)

// An optimiser keeps views of gradients. They must stay in place from step to step and hold each step's own values.
func TestGradients_StayInPlaceAndAreThoseOfTheLastStep(t *testing.T) {
	for _, backend := range backends(t) {
		for _, tied := range []bool{true, false} {
			cfg := tiny(tied)
			be := mustOpen(t, backend)
			g := mustGraph(t, New(cfg, 3), be, 2, 16)
			step := func(g *Graph, b Batch) []Gradient {
				g.Zero()
				if _, err := g.Run(b, 0.1); err != nil {
					t.Fatal(err)
				}
				grads, err := g.Gradients()
				if err != nil {
					t.Fatal(err)
				}
				return grads
			}
			first := step(g, packedBatch(cfg, 1))
			for seed := range uint64(4) {
				b := packedBatch(cfg, 2+seed)
				now, want := step(g, b), step(mustGraph(t, New(cfg, 3), be, 2, 16), b)
				for i := range now {
					what := fmt.Sprintf("%s, tied %v, step %d: gradient of %s", backend, tied, seed, now[i].Name)
					if unsafe.SliceData(now[i].G) != unsafe.SliceData(first[i].G) || unsafe.SliceData(now[i].W) != unsafe.SliceData(first[i].W) {
						t.Errorf("%s has moved", what)
					}
					if !slices.Equal(first[i].G, want[i].G) {
						t.Errorf("%s is not that of a graph that has run once", what)
					}
				}
			}
		}
	}
}

// Reading gradients is no step: they may be read twice, and more runs may follow.
func TestGradients_MayBeReadBetweenRuns(t *testing.T) {
	for _, backend := range backends(t) {
		for _, tied := range []bool{true, false} {
			cfg := tiny(tied)
			p, be := New(cfg, 3), mustOpen(t, backend)
			read, whole := mustGraph(t, p, be, 2, 16), mustGraph(t, p, be, 2, 16)
			for seed := range uint64(2) {
				for _, g := range []*Graph{read, whole} {
					if _, err := g.Run(packedBatch(cfg, seed), 0.1); err != nil {
						t.Fatal(err)
					}
				}
				for range 2 {
					if _, err := read.Gradients(); err != nil {
						t.Fatal(err)
					}
				}
			}
			got, err := read.Gradients()
			if err != nil {
				t.Fatal(err)
			}
			want, err := whole.Gradients()
			if err != nil {
				t.Fatal(err)
			}
			for i := range want {
				for j, w := range want[i].G {
					if math.Abs(float64(got[i].G[j]-w)) > 1e-6*(1+math.Abs(float64(w))) {
						t.Fatalf("%s, tied %v: gradient of %s[%d] is %g, %g if it is read once", backend, tied, want[i].Name, j, got[i].G[j], w)
					}
				}
			}
		}
	}
}
