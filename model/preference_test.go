package model

import (
	"errors"
	"fmt"
	"math"
	"runtime"
	"testing"

	"slm/model/kernel"
	"slm/rng"
)

// pairsBatch is two pairs of rows of 16, each a document with an untrained prompt of three tokens.
func pairsBatch(cfg Config) Batch {
	s := rng.New(11, "pairs")
	b := Batch{References: []float32{.3, -1.2}}
	for _, n := range []int{9, 16, 7, 5} {
		first := int32(len(b.Tokens))
		for i := range 16 {
			b.Tokens = append(b.Tokens, int32(s.IntN(cfg.Vocab)))
			target, doc := int32(-1), int32(-1)
			if i < n {
				doc = first
			}
			if i > 2 && i < n {
				target = int32(s.IntN(cfg.Vocab))
			}
			b.Targets, b.Docs = append(b.Targets, target), append(b.Docs, doc)
		}
	}
	return b
}

// pairOf is one pair of a batch, as a batch of its own.
func pairOf(b Batch, pair int) Batch {
	p := rowOf(b, pair, 32)
	p.References = b.References[pair : pair+1]
	return p
}

func preferenceGraph(t *testing.T, p *Params, be kernel.Backend, seqs int, mode Mode) *Graph {
	t.Helper()
	g, err := NewPreferenceGraph(p, be, seqs, 16, mode, .4)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestPreferenceGraph_GradientsMatchFiniteDifferences(t *testing.T) {
	for _, tied := range []bool{true, false} {
		p := spread(New(tiny(tied), 3))
		matchDifferences(t, fmt.Sprintf("tied %v", tied), preferenceGraph(t, p, mustOpen(t, "go"), 4, Gradients), pairsBatch(p.Config), 6)
	}
}

func TestPreferenceGraph_PairsThreadsAndRecomputingDoNotChangeABit(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, backend := range backends(t) {
		cfg := tiny(true)
		b, p, be := pairsBatch(cfg), New(cfg, 3), mustOpen(t, backend)
		runtime.GOMAXPROCS(1)
		want := gather(t, preferenceGraph(t, p, be, 4, Gradients), cfg, b)
		runtime.GOMAXPROCS(3)
		sameBits(t, backend+" on three threads", want, gather(t, preferenceGraph(t, p, be, 4, Gradients), cfg, b))
		sameBits(t, backend+" recomputing", want, gather(t, preferenceGraph(t, p, be, 4, Recomputing), cfg, b))
		sameBits(t, backend+" pair by pair", want, gather(t, preferenceGraph(t, p, be, 2, Gradients), cfg, pairOf(b, 0), pairOf(b, 1)))
	}
}

// The head takes 2,048 tokens at a time: here, a group of 64 pairs and one of two.
func TestPreferenceGraph_GroupsOfPairsDoNotChangeABit(t *testing.T) {
	cfg, be := tiny(true), mustOpen(t, "go")
	var whole Batch
	var parts []Batch
	for i := range 33 {
		b := pairsBatch(cfg)
		for j := range b.Tokens {
			b.Tokens[j] = (b.Tokens[j] + int32(i)) % int32(cfg.Vocab)
		}
		for _, d := range b.Docs {
			if d >= 0 {
				d += int32(i * 64)
			}
			whole.Docs = append(whole.Docs, d)
		}
		whole.Tokens, whole.Targets, whole.References = append(whole.Tokens, b.Tokens...), append(whole.Targets, b.Targets...), append(whole.References, b.References...)
		parts = append(parts, b)
	}
	p := New(cfg, 3)
	want := gather(t, preferenceGraph(t, p, be, 4, Gradients), cfg, parts...)
	sameBits(t, "66 pairs at once", want, gather(t, preferenceGraph(t, p, be, 132, Gradients), cfg, whole))
}

// The loss of pairs is the formula of the log-probabilities that a graph of likelihoods has.
func TestPreferenceGraph_LossIsThatOfTheLogProbabilities(t *testing.T) {
	for _, backend := range backends(t) {
		cfg := tiny(true)
		p, be, b := New(cfg, 3), mustOpen(t, backend), pairsBatch(cfg)
		g, err := NewGraph(p, be, 4, 16, Losses)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := g.Run(b, 1); err != nil {
			t.Fatal(err)
		}
		lp, want := g.LogProbs(), 0.0
		for k, r := range b.References {
			want += .5 * math.Log1p(math.Exp(-.4*(lp[2*k]-lp[2*k+1]-float64(r))))
		}
		for _, mode := range []Mode{Losses, Gradients} {
			if got, err := preferenceGraph(t, p, be, 4, mode).Run(b, .5); err != nil || math.Abs(got-want) > 1e-6 { // a graph keeps a target's loss in float32
				t.Errorf("%s: loss %.12f, want %.12f (%v)", backend, got, want, err)
			}
		}
	}
}

func TestPreferenceGraph_WhatIsNoPairIsAnError(t *testing.T) {
	cfg := tiny(true)
	p, be, b := New(cfg, 3), mustOpen(t, "go"), pairsBatch(cfg)
	for seqs, beta := range map[int]float64{3: .1, 0: .1, 2: 0} {
		if _, err := NewPreferenceGraph(p, be, seqs, 16, Losses, beta); err == nil {
			t.Errorf("%d rows, beta %g: no error", seqs, beta)
		}
	}
	g := preferenceGraph(t, p, be, 4, Gradients)
	b.References[1] = float32(math.NaN())
	if _, err := g.Run(b, 1); !errors.Is(err, ErrNotFinite) {
		t.Errorf("a reference that is no number: %v", err)
	}
	b.References = nil
	if _, err := g.Run(b, 1); err == nil {
		t.Error("without references there is no error")
	}
}
