package kernel

import "math"

const normEps = 1e-5

var normChecks = []vectorCheck{
	{"RMSNorm", func(a *arena, n int) {
		x, w, dst := a.normal(n, 3), a.normal(n, 1), a.floats(n)
		rstd := RMSNorm(dst, x, w, normEps)
		want := rstd64(x)
		near(a.t, "rstd", n, rstd, want, 1e-6, 0)
		for i := range dst {
			near(a.t, "RMSNorm", i, dst[i], float64(x[i])*want*float64(w[i]), 2e-6, 0)
		}
	}},
	{"RMSNormBF16", func(a *arena, n int) {
		x, w, dst := a.normal(n, 3), a.normal(n, 1), a.halves(n)
		f := make([]float32, n)
		if r, r2 := RMSNormBF16(dst, x, w, normEps), RMSNorm(f, x, w, normEps); r != r2 {
			a.t.Fatalf("rstd %g and %g", r, r2)
		}
		for i, v := range f {
			if dst[i] != nearestBF16(v) {
				a.t.Fatalf("RMSNormBF16[%d] = %04x, want %04x", i, dst[i], nearestBF16(v))
			}
		}
	}},
	{"RMSNormGrad", func(a *arena, n int) {
		x, w, dy, dx, dw := a.normal(n, 3), a.normal(n, 1), a.normal(n, 1), a.normal(n, 1), a.normal(n, 1)
		dx0, dw0 := append([]float32(nil), dx...), append([]float32(nil), dw...)
		r := rstd64(x)
		RMSNormGrad(dx, dw, dy, x, w, float32(r))
		var mean, size float64 // mean(w·dy·x̂)
		for i := range x {
			p := float64(w[i]) * float64(dy[i]) * float64(x[i]) * r / float64(n)
			mean += p
			size += math.Abs(p)
		}
		for i := range x {
			xhat := float64(x[i]) * r
			direct, through := float64(w[i])*float64(dy[i])*r, xhat*mean*r
			near(a.t, "dx", i, dx[i], float64(dx0[i])+direct-through, 1e-6, 1e-6*(math.Abs(direct)+math.Abs(xhat)*size*r))
			near(a.t, "dw", i, dw[i], float64(dw0[i])+float64(dy[i])*xhat, 1e-6, 1e-6*math.Abs(float64(dy[i])*xhat))
		}
	}},
}

func rstd64(x []float32) float64 {
	sum, _ := dot64(x, x)
	return 1 / math.Sqrt(sum/float64(max(len(x), 1))+float64(float32(normEps)))
}
