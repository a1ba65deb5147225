package stat

import (
	"math"
	"testing"
)

// The expected chances are counted by hand over all signs of the ranks.
func TestWilcoxon_IsExact(t *testing.T) {
	for _, c := range []struct {
		name          string
		d             []float64
		w             float64
		less, greater float64
	}{
		{"three, all larger", []float64{1, 2, 3}, 6, 1, 1.0 / 8},
		{"three, one smaller", []float64{1, -2, 3}, 4, 6.0 / 8, 3.0 / 8},
		{"two tied", []float64{1, -1}, 1.5, 3.0 / 4, 3.0 / 4},
		{"equal pairs are left out", []float64{0, 0, -5}, 0, 0.5, 1},
		{"no pair differs", []float64{0, 0}, 0, 1, 1},
	} {
		got, err := Wilcoxon(c.d, make([]float64, len(c.d)))
		if err != nil {
			t.Fatal(err)
		}
		if got.W != c.w || math.Abs(got.Less-c.less) > 1e-12 || math.Abs(got.Greater-c.greater) > 1e-12 {
			t.Errorf("%s: %+v, want W %v, less %v, greater %v", c.name, got, c.w, c.less, c.greater)
		}
		if want := math.Min(1, 2*math.Min(c.less, c.greater)); math.Abs(got.P-want) > 1e-12 {
			t.Errorf("%s: p = %v, want %v", c.name, got.P, want)
		}
	}
}

// A textbook example: Darwin's maize, fifteen pairs, W+ = 96, two-sided p = .04126.
func TestWilcoxon_OfDarwinsMaize(t *testing.T) {
	d := []float64{49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48}
	got, err := Wilcoxon(d, make([]float64, len(d)))
	if err != nil {
		t.Fatal(err)
	}
	if got.W != 96 || math.Abs(got.P-0.041259765625) > 1e-9 {
		t.Errorf("%+v, want W = 96 and p = .0413", got)
	}
}

func TestWilcoxon_RefusesEmptyPairs(t *testing.T) {
	for _, c := range [][2][]float64{{nil, nil}, {{1}, {1, 2}}, {{math.NaN()}, {1}}, {{1}, {math.Inf(1)}}} {
		if _, err := Wilcoxon(c[0], c[1]); err == nil {
			t.Errorf("accepted %v", c)
		}
	}
}
