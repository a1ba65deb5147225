package stat

import (
	"errors"
	"math"
	"testing"

	"slm/rng"
)

// answers returns n results of which the first k are right.
func answers(k, n int) []bool {
	out := make([]bool, n)
	for i := range k {
		out[i] = true
	}
	return out
}

func TestInterval_OfAnAccuracyIsTheBinomialOne(t *testing.T) {
	got, err := Mean(Floats(answers(300, 1000)), Options{Stream: rng.New(1)})
	if err != nil {
		t.Fatal(err)
	}
	if got.Value != 0.3 {
		t.Errorf("accuracy %v, want .3", got.Value)
	}
	// 2.5 % and 97.5 % points of Binomial(1000, .3)/1000 are .272 and .329.
	if math.Abs(got.Low-0.272) > 0.0015 || math.Abs(got.High-0.329) > 0.0015 {
		t.Errorf("interval [%v, %v], want [.272, .329]", got.Low, got.High)
	}
}

func TestInterval_PairedOneIsNarrowerThanEitherSystems(t *testing.T) {
	// b is right wherever a is, and on 50 items more.
	a, b := Floats(answers(400, 1000)), Floats(answers(450, 1000))
	d, err := Difference(b, a, Options{})
	if err != nil {
		t.Fatal(err)
	}
	sd := math.Sqrt(0.05 * 0.95 / 1000)
	if math.Abs(d.Value-0.05) > 1e-12 || math.Abs(d.Low-(0.05-1.96*sd)) > 0.002 || math.Abs(d.High-(0.05+1.96*sd)) > 0.002 {
		t.Errorf("difference %+v, want .05 ± %.4f", d, 1.96*sd)
	}
	if d.Holds(0) || !d.Holds(0.05) {
		t.Errorf("%+v must hold .05 and not 0", d)
	}
	same, err := Difference(a, a, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if same != (Interval{}) {
		t.Errorf("a system against itself: %+v", same)
	}
}

func TestInterval_EqualStreamsGiveEqualOnes(t *testing.T) {
	x := Floats(answers(37, 101))
	draw := func(s *rng.Stream) Interval {
		i, err := Mean(x, Options{Stream: s, Resamples: 500})
		if err != nil {
			t.Fatal(err)
		}
		return i
	}
	used := rng.New(4, "eval")
	used.Uint64()
	if a, b := draw(rng.New(4, "eval")), draw(used); a != b {
		t.Errorf("%+v and %+v from one stream", a, b)
	}
	seen := map[float64]bool{}
	for seed := range uint64(8) {
		seen[draw(rng.New(seed)).Low] = true
	}
	if len(seen) < 2 {
		t.Error("the seed makes no difference")
	}
}

// Of 200 samples about 95 % of the intervals must hold the truth.
func TestInterval_CoversTheTruth(t *testing.T) {
	covered := 0
	for seed := range uint64(200) {
		s := rng.New(seed, "coverage")
		x := make([]float64, 150)
		for i := range x {
			x[i] = 2 + s.Norm()
		}
		i, err := Mean(x, Options{Stream: s, Resamples: 400})
		if err != nil {
			t.Fatal(err)
		}
		if i.Holds(2) {
			covered++
		}
	}
	if covered < 180 || covered > 199 {
		t.Errorf("%d of 200 intervals hold the truth", covered)
	}
}

func TestInterval_EveryItemIsDrawnEquallyOften(t *testing.T) {
	for _, n := range []int{1, 2, 3, 7} { // odd numbers leave half a draw over
		x := make([]float64, n)
		x[n-1] = 1
		i, err := Mean(x, Options{Resamples: 20000, Level: 0.5})
		if err != nil {
			t.Fatal(err)
		}
		if i.Value != 1/float64(n) || i.Low > i.Value || i.High < i.Value || i.High > 1 {
			t.Errorf("%d items: %+v", n, i)
		}
	}
}

func TestHeadroom_KnownValues(t *testing.T) {
	none, system, oracle := Floats(answers(250, 1000)), Floats(answers(700, 1000)), Floats(answers(1000, 1000))
	h, err := Headroom(none, system, oracle, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(h.Value-0.6) > 1e-12 || !(h.Low > 0.55 && h.Low < 0.6 && h.High > 0.6 && h.High < 0.65) {
		t.Errorf("headroom %+v, want .6", h)
	}
	// Resampled together, (b-a)/(c-a) with c-a = 750 binomial trials: sd = sqrt(.6*.4/750).
	if want := 2 * 1.96 * math.Sqrt(0.6*0.4/750); math.Abs(h.High-h.Low-want) > 0.004 {
		t.Errorf("width %v, want %v", h.High-h.Low, want)
	}
	full, err := Headroom(none, oracle, oracle, Options{Resamples: 100})
	if err != nil {
		t.Fatal(err)
	}
	if full != (Interval{1, 1, 1}) {
		t.Errorf("the oracle itself closes %+v", full)
	}
	if h, err = Headroom(oracle, system, none, Options{Resamples: 100}); err != nil || !math.IsNaN(h.Value) || !math.IsNaN(h.Low) {
		t.Errorf("an oracle worse than none: %+v, %v", h, err)
	}
	// One item of headroom: in a third of the resamples there is none, so there is no interval.
	if h, err = Headroom(Floats(answers(9, 10)), Floats(answers(9, 10)), Floats(answers(10, 10)), Options{}); err != nil || h.Value != 0 || !math.IsNaN(h.Low) {
		t.Errorf("one item of headroom: %+v, %v", h, err)
	}
}

func TestMcNemar_KnownValues(t *testing.T) {
	for _, c := range []struct {
		onlyA, onlyB, both int
		p                  float64
	}{
		{0, 0, 5, 1},
		{1, 0, 0, 1},
		{0, 5, 3, 2.0 / 32},
		{5, 0, 3, 2.0 / 32},
		{3, 3, 1, 1},
		{2, 8, 0, 0.109375},                // 2·(1+10+45)/1024
		{10, 25, 10, 0.01667384780012071},  // Σ_{i≤10} C(35,i) / 2^34, in whole numbers
		{0, 100, 0, 2 * math.Exp2(-100)},   // no underflow
		{0, 1070, 0, 2 * math.Exp2(-1070)}, // at the very end of the doubles
	} {
		var a, b []bool
		for range c.onlyA {
			a, b = append(a, true), append(b, false)
		}
		for range c.onlyB {
			a, b = append(a, false), append(b, true)
		}
		for range c.both {
			a, b = append(a, true), append(b, true)
		}
		got, err := McNemar(a, b)
		if err != nil {
			t.Fatal(err)
		}
		if got.OnlyA != c.onlyA || got.OnlyB != c.onlyB || math.Abs(got.P-c.p) > 1e-9*c.p {
			t.Errorf("%d:%d gives %+v, want p = %v", c.onlyA, c.onlyB, got, c.p)
		}
	}
}

func TestHarm_CountsOnlyWhatWasRight(t *testing.T) {
	h, err := Harm([]bool{true, true, true, true, false, false}, []bool{true, false, true, true, true, false})
	if err != nil {
		t.Fatal(err)
	}
	if h != (Harmed{Count: 1, Right: 4, Items: 6}) || h.Rate() != 0.25 {
		t.Errorf("harm %+v, rate %v", h, h.Rate())
	}
	if h, _ := Harm([]bool{false}, []bool{true}); h.Rate() != 0 {
		t.Errorf("nothing to harm gives the rate %v", h.Rate())
	}
}

func TestHolm_KnownValues(t *testing.T) {
	got := Holm([]float64{0.01, 0.04, 0.03, 0.005})
	for i, want := range []float64{0.03, 0.06, 0.06, 0.02} {
		if math.Abs(got[i]-want) > 1e-15 {
			t.Errorf("adjusted %v at %d, want %v", got[i], i, want)
		}
	}
	if got := Holm([]float64{0.9, 0.8}); got[0] != 1 || got[1] != 1 {
		t.Errorf("adjusted %v beyond 1", got)
	}
	if len(Holm(nil)) != 0 {
		t.Error("no tests, no p-values")
	}
}

func TestSystems_OnDifferentItemsAreRefused(t *testing.T) {
	two, three := []float64{0, 1}, []float64{0, 1, 1}
	if _, err := Difference(two, three, Options{}); !errors.Is(err, ErrItems) {
		t.Errorf("difference: %v", err)
	}
	if _, err := Headroom(two, two, three, Options{}); !errors.Is(err, ErrItems) {
		t.Errorf("headroom: %v", err)
	}
	if _, err := Mean(nil, Options{}); !errors.Is(err, ErrItems) {
		t.Errorf("mean of nothing: %v", err)
	}
	if _, err := McNemar([]bool{true}, nil); !errors.Is(err, ErrItems) {
		t.Errorf("McNemar: %v", err)
	}
	if _, err := Harm(nil, nil); !errors.Is(err, ErrItems) {
		t.Errorf("harm: %v", err)
	}
	if _, err := Mean([]float64{math.NaN()}, Options{}); err == nil {
		t.Error("accepted NaN")
	}
	for _, o := range []Options{{Resamples: -1}, {Level: 1}, {Level: -0.5}} {
		if _, err := Mean(two, o); err == nil {
			t.Errorf("accepted %+v", o)
		}
	}
}

// BenchmarkHeadroom is a table's dearest cell: three systems, 1,000 items, 10,000 resamples.
func BenchmarkHeadroom(b *testing.B) {
	none, system, oracle := Floats(answers(250, 1000)), Floats(answers(700, 1000)), Floats(answers(990, 1000))
	for b.Loop() {
		if _, err := Headroom(none, system, oracle, Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
