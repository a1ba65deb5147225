package kernel

import "math"

var ropeChecks = []vectorCheck{
	{"Rope", func(a *arena, n int) {
		x, cos, sin := a.normal(2*n, 1), a.floats(n), a.floats(n)
		angles(a, cos, sin)
		before := append([]float32(nil), x...)
		Rope(x, cos, sin)
		for i := range n {
			y1, y2 := rotatePair(before[i], before[n+i], cos[i], sin[i])
			bound := 2e-7 * float64(MaxAbs([]float32{before[i], before[n+i]}))
			near(a.t, "Rope", i, x[i], y1, 0, bound)
			near(a.t, "Rope", n+i, x[n+i], y2, 0, bound)
		}
		RopeGrad(x, cos, sin)
		for i := range x {
			near(a.t, "Rope there and back", i, x[i], float64(before[i]), 0, 2e-6)
		}
	}},
	{"RopeBF16", func(a *arena, n int) {
		x, cos, sin := a.bf16(2*n, 1), a.floats(n), a.floats(n)
		angles(a, cos, sin)
		want := make([]float32, 2*n)
		FromBF16(want, x)
		Rope(want, cos, sin)
		RopeBF16(x, x, cos, sin)
		for i, v := range want {
			if x[i] != nearestBF16(v) {
				a.t.Fatalf("RopeBF16[%d] = %04x, Rope gives %g", i, x[i], v)
			}
		}
	}},
	{"RopeGradBF16", func(a *arena, n int) {
		x, dst, cos, sin := a.normal(2*n, 1), a.halves(2*n), a.floats(n), a.floats(n)
		angles(a, cos, sin)
		RopeGradBF16(dst, x, cos, sin)
		RopeGrad(x, cos, sin)
		for i, v := range x {
			if dst[i] != nearestBF16(v) {
				a.t.Fatalf("RopeGradBF16[%d] = %04x, RopeGrad gives %g", i, dst[i], v)
			}
		}
	}},
}

func angles(a *arena, cos, sin []float32) {
	for i := range cos {
		s, c := math.Sincos(a.rng.Float64() * 100)
		cos[i], sin[i] = float32(c), float32(s)
	}
}

func rotatePair(x1, x2, cos, sin float32) (y1, y2 float64) {
	a, b, c, s := float64(x1), float64(x2), float64(cos), float64(sin)
	return a*c - b*s, b*c + a*s
}
