package report

import (
	"math"
	"strconv"

	"slm/internal/grid"
)

// axis maps values to pixels, on a straight or a logarithmic scale.
type axis struct {
	lo, hi float64 // values
	a, b   float64 // pixels at lo and hi
	log    bool
}

// at returns the pixel of a value, kept inside the frame.
func (x axis) at(v float64) float64 {
	lo, hi := x.lo, x.hi
	if x.log {
		v, lo, hi = math.Log(math.Max(v, x.lo)), math.Log(lo), math.Log(hi)
	}
	if hi == lo {
		return x.a
	}
	f := (v - lo) / (hi - lo)
	return x.a + float64((x.b-x.a)*math.Min(1, math.Max(0, f)))
}

// ticks returns round values between lo and hi: about n of them on a straight scale, 1-2-5 steps of each decade on a logarithmic one.
func (x axis) ticks(n int) []float64 {
	if x.log {
		return logTicks(x.lo, x.hi, n)
	}
	step := roundStep((x.hi - x.lo) / float64(max(n, 1)))
	if step <= 0 {
		return []float64{x.lo}
	}
	var out []float64
	for i := math.Ceil(x.lo/step - 1e-9); i*step <= x.hi+float64(step*1e-9); i++ {
		out = append(out, float64(i*step)+0)
	}
	return out
}

func logTicks(lo, hi float64, n int) []float64 {
	for _, steps := range [][]float64{{1, 2, 5}, {1, 3}, {1}} {
		var out []float64
		for e := math.Floor(math.Log10(lo)); e <= math.Ceil(math.Log10(hi)); e++ {
			for _, s := range steps {
				if v := s * math.Pow(10, e); v >= lo*(1-1e-9) && v <= hi*(1+1e-9) {
					out = append(out, v)
				}
			}
		}
		if len(out) <= n || len(steps) == 1 {
			return out
		}
	}
	return nil
}

// roundStep is the least of 1, 2, 5 times a power of ten that is not below x.
func roundStep(x float64) float64 {
	if x <= 0 || math.IsInf(x, 0) || math.IsNaN(x) {
		return 0
	}
	e := math.Pow(10, math.Floor(math.Log10(x)))
	for _, m := range []float64{1, 2, 5, 10} {
		if m*e >= x*(1-1e-9) {
			return m * e
		}
	}
	return 10 * e
}

// short prints a tick: 1200000 as 1.2 M, 0.05 as 0.05.
func short(v float64) string {
	switch a := math.Abs(v); {
	case a >= 1e6:
		return strconv.FormatFloat(v/1e6, 'g', 3, 64) + nbsp + "M"
	case a >= 1e4:
		return strconv.FormatFloat(v/1e3, 'g', 3, 64) + nbsp + "k"
	case a >= 100:
		return whole(int64(math.Round(v)))
	}
	return grid.Minus(strconv.FormatFloat(v, 'g', 3, 64))
}
