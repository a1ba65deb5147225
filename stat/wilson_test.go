package stat

import (
	"math"
	"testing"
)

// The figures are those of scipy 1.16.3: stats.binomtest(k, n).proportion_ci(method="wilson").
func TestWilson_IntervalsAreThoseOfSciPy(t *testing.T) {
	for _, c := range []struct {
		k, n      int
		low, high float64
	}{{0, 80, 0, 0.0458181}, {5, 5, 0.5655175, 1}, {85, 117, 0.6394936, 0.7990976}, {3, 60, 0.0171495, 0.1370052}} {
		got := Wilson(c.k, c.n)
		if math.Abs(got.Low-c.low) > 1e-6 || math.Abs(got.High-c.high) > 1e-6 || got.Value != float64(c.k)/float64(c.n) {
			t.Errorf("%d of %d: %+v, want %v to %v", c.k, c.n, got, c.low, c.high)
		}
	}
	if got := Wilson(0, 0); got != (Interval{0, 0, 1}) {
		t.Errorf("of nothing: %+v", got)
	}
}
