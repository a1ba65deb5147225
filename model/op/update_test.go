package op

import (
	"testing"

	G "gorgonia.org/gorgonia"
)

var frozen = func() Dims { d := small; d.Frozen = true; return d }()

// fixed adds an input without gradient.
func (b *bench) fixed(name string, centre, spread float64, shape ...int) *G.Node {
	n := b.learnable(name, centre, spread, shape...)
	b.inputs = b.inputs[:len(b.inputs)-1]
	return n
}

// update is one of rank 3 of some rows of a matrix of width k.
func (b *bench) update(name string, k int, parts ...[2]int) *Update {
	u := &Update{Scale: 1.5, Rank: 3, A: b.learnable(name+".a", 0, .4, 3*len(parts), k)}
	for i, p := range parts {
		u.Parts = append(u.Parts, UpdatePart{p[0], p[1], b.learnable(name+string(rune('0'+i)), 0, .4, p[1]-p[0], 3)})
	}
	return u
}

func TestUpdate_GradientsOfAttentionMatchFiniteDifferences(t *testing.T) {
	for name, parts := range map[string][][2]int{"q, k, v": {{0, 16}, {16, 24}, {24, 32}}, "v": {{24, 32}}} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, frozen)
			x := b.learnable("x", 0, 1, 12, 8)
			y := b.must(Attention(b.rt, 0, x, b.ints("docs", smallDocs...), b.fixed("norm", 1, .2, 8), b.fixed("qkv", 0, .4, 32, 8), b.fixed("out", 0, .4, 8, 16),
				b.update("up", 8, parts...), b.update("back", 16, [2]int{0, 8})))
			b.check(b.project(y))
		})
	}
}

func TestUpdate_GradientsOfTheMLPMatchFiniteDifferences(t *testing.T) {
	b := newBench(t, frozen)
	y := b.must(MLP(b.rt, 0, b.learnable("x", 0, 1, 12, 8), b.fixed("norm", 1, .2, 8), b.fixed("gate_up", 0, .4, 14, 8), b.fixed("down", 0, .4, 8, 7),
		b.update("up", 8, [2]int{0, 7}, [2]int{7, 14}), b.update("back", 7, [2]int{0, 8})))
	b.check(b.project(y))
}

func TestUpdate_BlockWithoutOneHasAGradientOfItsInputAlone(t *testing.T) {
	b := newBench(t, frozen)
	y := b.must(MLP(b.rt, 0, b.learnable("x", 0, 1, 12, 8), b.fixed("norm", 1, .2, 8), b.fixed("gate_up", 0, .4, 14, 8), b.fixed("down", 0, .4, 8, 7), nil, nil))
	b.check(b.project(y))
}
