package kernel

import "math"

var geluChecks = []vectorCheck{
	{"GELU", func(a *arena, n int) {
		x, dst := gates(a, n), a.floats(n)
		GELU(dst, x)
		for i, v := range x {
			want := float64(v) / 2 * math.Erfc(-float64(v)/math.Sqrt2)
			near(a.t, "GELU", i, dst[i], want, 0, 4e-7*math.Abs(float64(v)))
		}
	}},
	{"GELU of extreme values", func(a *arena, n int) {
		x, dst := a.normal(n, 1), a.floats(n)
		inf := float32(math.Inf(1))
		for i := range x {
			x[i] = []float32{inf, -inf, float32(math.NaN()), 3e38, -3e38, 0}[i%6]
		}
		GELU(dst, x)
		for i, v := range dst {
			ok := v == max(x[i], 0) || x[i] < 0 && v <= 0 && v > -1e-30
			if x[i] != x[i] {
				ok = v != v
			}
			if !ok {
				a.t.Fatalf("GELU(%g) = %g", x[i], v)
			}
		}
	}},
}
