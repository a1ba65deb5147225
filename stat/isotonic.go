package stat

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"sort"
)

// Isotonic is a rising curve through points, straight between them and level outside: the calibration of Zadrozny and Elkan ("Transforming
// classifier scores into accurate multiclass probability estimates", 2002). Without points it is the identity.
type Isotonic struct {
	X []float64 `json:"x"` // rising
	Y []float64 `json:"y"` // never falling
}

// At is the curve at x.
func (f Isotonic) At(x float64) float64 {
	n := len(f.X)
	switch i := sort.SearchFloat64s(f.X, x); {
	case n == 0:
		return x
	case i == 0:
		return f.Y[0]
	case i == n:
		return f.Y[n-1]
	default:
		t := (x - f.X[i-1]) / (f.X[i] - f.X[i-1])
		return f.Y[i-1] + float64(t*(f.Y[i]-f.Y[i-1]))
	}
}

// Valid says whether the points are those of a rising curve from 0 to 1.
func (f Isotonic) Valid() bool {
	if len(f.X) != len(f.Y) {
		return false
	}
	for i := range f.X {
		if !(f.Y[i] >= 0 && f.Y[i] <= 1) || math.IsNaN(f.X[i]) || math.IsInf(f.X[i], 0) || i > 0 && (f.X[i] <= f.X[i-1] || f.Y[i] < f.Y[i-1]) {
			return false
		}
	}
	return true
}

// pool is a run of cases that have one value.
type pool struct{ first, last, sum, weight float64 }

// FitIsotonic finds the rising curve that is nearest to the targets by least squares, with pooled adjacent violators (Ayer et al., 1955).
// Cases of the same x count as one, their mean. prior > 0 adds to each pool that many cases, half of them right, so that no pool is certain. O(n log n).
func FitIsotonic(x, y []float64, prior float64) (Isotonic, error) {
	if len(x) == 0 || len(x) != len(y) {
		return Isotonic{}, fmt.Errorf("%w: %d cases with %d targets", ErrItems, len(x), len(y))
	}
	order := make([]int, len(x))
	for i := range order {
		if order[i] = i; math.IsNaN(x[i]) || math.IsNaN(y[i]) {
			return Isotonic{}, fmt.Errorf("%w: case %d is not a number", ErrItems, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(x[a], x[b]) })
	var pools []pool
	for _, i := range order {
		if n := len(pools); n > 0 && pools[n-1].last == x[i] {
			pools[n-1].sum, pools[n-1].weight = pools[n-1].sum+y[i], pools[n-1].weight+1
			continue
		}
		pools = append(pools, pool{x[i], x[i], y[i], 1})
	}
	pools = join(pools)
	if prior > 0 {
		for i := range pools {
			pools[i].sum, pools[i].weight = pools[i].sum+float64(prior/2), pools[i].weight+prior
		}
		pools = join(pools) // small ones were drawn to the middle more than large ones
	}
	var f Isotonic
	for _, p := range pools {
		f.X, f.Y = append(f.X, p.first), append(f.Y, p.sum/p.weight)
		if p.last > p.first {
			f.X, f.Y = append(f.X, p.last), append(f.Y, p.sum/p.weight)
		}
	}
	return f, nil
}

// join pools neighbours until the values rise.
func join(pools []pool) (out []pool) {
	for _, p := range pools {
		out = append(out, p)
		for n := len(out); n > 1 && out[n-2].sum/out[n-2].weight >= out[n-1].sum/out[n-1].weight; n = len(out) {
			a, b := out[n-2], out[n-1]
			out = append(out[:n-2], pool{a.first, b.last, a.sum + b.sum, a.weight + b.weight})
		}
	}
	return out
}
