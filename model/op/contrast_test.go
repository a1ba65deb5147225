package op

import (
	"math"
	"testing"

	G "gorgonia.org/gorgonia"

	"slm/rng"
)

// bagOf builds a graph of three questions and seven candidates of which the last two are negatives, over eleven features.
var (
	bagFeatures = []int32{1, 2, 3, 3, 4, 0, 5, 6, 1, 2, 7, 8, 3, 4, 9, 10, 5, 6, 2, 2, 9, 0, 0}
	bagBounds   = []int32{0, 2, 5, 8, 10, 14, 17, 19, 21}
	bagGroups   = []int32{0, 1, 2, 0, 1, 2, 0, 4} // the first negative is of the first question's section
)

func TestBag_GradientMatchesFiniteDifferences(t *testing.T) {
	b := newBench(t, small)
	y := b.must(Bag(b.ints("features", bagFeatures...), b.ints("bounds", bagBounds...), b.learnable("E", 0, 1, 11, 8), b.learnable("w", 1, .3, 11)))
	b.check(b.project(y))
}

func TestContrast_GradientMatchesFiniteDifferences(t *testing.T) {
	b := newBench(t, small)
	y := b.must(Bag(b.ints("features", bagFeatures...), b.ints("bounds", bagBounds...), b.learnable("E", 0, 1, 11, 8), b.learnable("w", 1, .3, 11)))
	b.check(b.must(Contrast(y, b.ints("groups", bagGroups...), 3, .3)))
}

// The loss as its formula says it, in float64, from vectors that are made in the plainest way.
func TestContrast_LossIsThatOfThePlainReference(t *testing.T) {
	b := newBench(t, small)
	table, weights := b.learnable("E", 0, 1, 11, 8), b.learnable("w", 1, .3, 11)
	loss := b.must(Contrast(b.must(Bag(b.ints("features", bagFeatures...), b.ints("bounds", bagBounds...), table, weights)), b.ints("groups", bagGroups...), 3, .3))
	vm := G.NewTapeMachine(b.g)
	if err := vm.RunAll(); err != nil {
		t.Fatal(err)
	}
	e, w := floats(table.Value()), floats(weights.Value())
	var v [8][8]float64
	for m := range v {
		norm := 0.0
		for k := range v[m] {
			for _, f := range bagFeatures[bagBounds[m]:bagBounds[m+1]] {
				v[m][k] += float64(w[f]) * float64(e[int(f)*8+k])
			}
			norm += v[m][k] * v[m][k]
		}
		for k := range v[m] {
			v[m][k] /= math.Sqrt(norm)
		}
	}
	want := 0.0
	for i := range 3 {
		var right, sum float64
		for j := 3; j < 8; j++ {
			if j != 3+i && bagGroups[j] == bagGroups[i] {
				continue
			}
			dot := 0.0
			for k := range 8 {
				dot += v[i][k] * v[j][k]
			}
			sum += math.Exp(dot / .3)
			if j == 3+i {
				right = dot / .3
			}
		}
		want += (math.Log(sum) - right) / 3
	}
	if got := float64(floats(loss.Value())[0]); math.Abs(got-want) > 1e-5*want {
		t.Errorf("loss %.7f, the reference has %.7f", got, want)
	}
}

func TestContrast_WhatWouldReadOutsideIsAnError(t *testing.T) {
	for _, c := range []struct {
		features, bounds []int32
	}{
		{[]int32{1, 11}, []int32{0, 1, 2}},
		{[]int32{1, -1}, []int32{0, 1, 2}},
		{[]int32{1, 2}, []int32{0, 1, 3}},
		{[]int32{1, 2}, []int32{1, 0, 2}},
	} {
		b := newBench(t, small)
		b.must(Bag(b.ints("features", c.features...), b.ints("bounds", c.bounds...), b.learnable("E", 0, 1, 11, 8), b.learnable("w", 1, .3, 11)))
		if err := G.NewTapeMachine(b.g).RunAll(); err == nil {
			t.Errorf("%v %v: no error", c.features, c.bounds)
		}
	}
	b := newBench(t, small)
	v := b.learnable("v", 0, 1, 5, 8)
	for _, c := range []struct {
		n    int
		temp float32
	}{{0, 1}, {3, 1}, {2, 0}} {
		if _, err := Contrast(v, b.ints("groups", 0, 1, 0, 1, 2), c.n, c.temp); err == nil {
			t.Errorf("%+v: no error", c)
		}
	}
}

func TestPool_TextWithoutFeaturesHasNoDirection(t *testing.T) {
	v, s := make([]float32, 8), rng.New(1, "pool")
	table := make([]float32, 16)
	for i := range table {
		table[i] = float32(s.Norm())
	}
	if got := Pool(v, nil, table, []float32{1, 1}); got != 0 || v[0] != 0 {
		t.Errorf("length %g, %v", got, v)
	}
	if got := Pool(v, []int32{1, 0, 1}, table, []float32{1, 1}); got <= 0 || math.IsNaN(float64(v[3])) {
		t.Errorf("length %g, %v", got, v)
	}
}
