package stat

import (
	"encoding/json"
	"errors"
	"math"
	"os"
	"testing"

	"slm/rng"
)

// golden is what scikit-learn makes of the same cases; by scripts/golden/calibration.py.
type golden struct {
	X, Y, At, Curve []float64
	P               []float64
	Right           []bool
	Cases           []int
	Share, Mean     []float64
	Brier, ECE      float64
}

func readGolden(t *testing.T) (g golden) {
	t.Helper()
	text, err := os.ReadFile("testdata/calibration.json")
	if err == nil {
		err = json.Unmarshal(text, &g)
	}
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func near(a, b float64) bool { return math.Abs(a-b) < 1e-9 }

func TestIsotonic_IsThatOfScikitLearn(t *testing.T) {
	g := readGolden(t)
	f, err := FitIsotonic(g.X, g.Y, 0)
	if err != nil || !f.Valid() {
		t.Fatalf("%+v, %v", f, err)
	}
	for i, x := range g.At {
		if !near(f.At(x), g.Curve[i]) {
			t.Errorf("at %v: %v, want %v", x, f.At(x), g.Curve[i])
		}
	}
}

func TestIsotonic_PriorLeavesNothingCertain(t *testing.T) {
	s := rng.New(5, "isotonic")
	for range 50 {
		var x, y []float64
		for range 1 + s.IntN(30) {
			x, y = append(x, float64(s.IntN(12))), append(y, float64(s.IntN(2)))
		}
		f, err := FitIsotonic(x, y, 2)
		if err != nil || !f.Valid() {
			t.Fatalf("%v of %v, %v", f, x, err)
		}
		for _, v := range f.Y {
			if v <= 0 || v >= 1 {
				t.Errorf("%v of %d cases is certain", v, len(x))
			}
		}
	}
	if (Isotonic{}).At(.3) != .3 {
		t.Error("without points it changes what it is given")
	}
	for _, bad := range []Isotonic{{X: []float64{1}}, {[]float64{1, 1}, []float64{0, 1}}, {[]float64{0, 1}, []float64{1, 0}}, {[]float64{0}, []float64{2}}, {[]float64{math.NaN()}, []float64{0}}} {
		if bad.Valid() {
			t.Errorf("%v passes", bad)
		}
	}
}

func TestReliable_IsThatOfScikitLearn(t *testing.T) {
	g := readGolden(t)
	r, err := Reliable(g.P, g.Right, len(g.Cases))
	if err != nil || !near(r.Brier, g.Brier) || !near(r.ECE, g.ECE) || r.Cases != len(g.P) {
		t.Fatalf("%+v, %v", r, err)
	}
	for i, b := range r.Bins {
		if b.Cases != g.Cases[i] || !near(b.Mean, g.Mean[i]) || !near(b.Right, g.Share[i]) {
			t.Errorf("bin %d: %+v", i, b)
		}
	}
}

func TestReliable_WhatIsNoProbabilityIsRefused(t *testing.T) {
	for _, p := range [][]float64{nil, {1.1}, {math.NaN()}, {-.1}, {.1, .2}} {
		if _, err := Reliable(p, []bool{true}, 10); !errors.Is(err, ErrItems) {
			t.Errorf("%v: %v", p, err)
		}
	}
	if r, err := Reliable([]float64{1, 0}, []bool{true, false}, 10); err != nil || r.ECE != 0 || r.Bins[9].Cases != 1 || r.Bins[0].Cases != 1 {
		t.Errorf("%+v, %v", r, err)
	}
	for _, bad := range [][]float64{nil, {math.NaN()}} {
		if _, err := FitIsotonic(bad, bad, 0); !errors.Is(err, ErrItems) {
			t.Errorf("%v: %v", bad, err)
		}
	}
}
