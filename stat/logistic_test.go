package stat

import (
	"errors"
	"math"
	"testing"

	"slm/rng"
)

func TestLogistic_FindsTheCurveThatMadeTheCases(t *testing.T) {
	truth := Logistic{Bias: 1.5, Weights: []float64{2, 0.7}}
	s := rng.New(3, "cases")
	var x [][]float64
	var right []bool
	for range 20000 {
		row := []float64{-3 * s.Float64(), s.Norm()}
		x, right = append(x, row), append(right, s.Float64() < truth.At(row))
	}
	got, err := FitLogistic(x, right)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range append([]float64{truth.Bias}, truth.Weights...) {
		if v := append([]float64{got.Bias}, got.Weights...)[i]; math.Abs(v-want) > .1 {
			t.Errorf("coefficient %d is %v, want %v", i, v, want)
		}
	}
	// Of the cases that get a probability, as many are right.
	sums, rights, n := [10]float64{}, [10]float64{}, [10]float64{}
	for i, row := range x {
		b := min(9, int(10*got.At(row)))
		sums[b], n[b] = sums[b]+got.At(row), n[b]+1
		if right[i] {
			rights[b]++
		}
	}
	for b := range n {
		if n[b] > 300 && math.Abs(sums[b]-rights[b])/n[b] > .05 {
			t.Errorf("of cases at %.2f, %.2f are right", sums[b]/n[b], rights[b]/n[b])
		}
	}
}

// x = 0: the fit is that of the targets' mean, in closed form.
func TestLogistic_WithoutInformationIsTheShareThatIsRight(t *testing.T) {
	got, err := FitLogistic([][]float64{{0}, {0}, {0}, {0}}, []bool{true, true, true, false})
	want := (3*4./5 + 1./3) / 4
	if err != nil || math.Abs(got.At([]float64{0})-want) > 1e-9 {
		t.Errorf("%+v at 0 is %v, want %v, %v", got, got.At([]float64{0}), want, err)
	}
}

func TestLogistic_StaysFiniteAndRises(t *testing.T) {
	for name, c := range map[string]struct {
		x     [][]float64
		right []bool
	}{
		"separable":      {[][]float64{{-9, 0}, {-8, 0}, {-.1, 1}, {-.2, 1}}, []bool{false, false, true, true}},
		"all right":      {[][]float64{{-1, 1}, {-2, 1}}, []bool{true, true}},
		"all wrong":      {[][]float64{{-1, 1}, {-2, 1}}, []bool{false, false}},
		"one":            {[][]float64{{-1, 0}}, []bool{true}},
		"falls":          {[][]float64{{-1, 0}, {-2, 0}, {-3, 0}, {-4, 1}}, []bool{false, false, true, true}},
		"twice the same": {[][]float64{{-1, -1}, {-2, -2}, {-3, -3}}, []bool{true, true, false}},
		"huge":           {[][]float64{{-1e6, 0}, {-1, 1}, {-2e6, 0}}, []bool{false, true, false}},
	} {
		got, err := FitLogistic(c.x, c.right)
		if err != nil {
			t.Fatal(err)
		}
		low, high := got.At([]float64{-50, 0}), got.At([]float64{0, 1})
		if math.IsNaN(low) || math.IsNaN(high) || low > high || high >= 1 || low < 0 {
			t.Errorf("%s: %+v gives %v and %v", name, got, low, high)
		}
		if name == "separable" && (low > .3 || high < .7) {
			t.Errorf("%s: %v and %v", name, low, high)
		}
	}
	if _, err := FitLogistic(nil, nil); !errors.Is(err, ErrItems) {
		t.Errorf("no cases: %v", err)
	}
}
