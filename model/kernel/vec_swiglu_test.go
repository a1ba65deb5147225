package kernel

import "math"

// swiglu64 is the reference: h = silu(g)·u and its derivatives by g and u.
func swiglu64(g, u float64) (h, byGate, byUp float64) {
	s := 1 / (1 + math.Exp(-g))
	return g * s * u, u * s * (1 + g*(1-s)), g * s
}

// gateError bounds the error of dgate, whose factor σ·(1+g·(1−σ)) has a zero near g = −1.28, where it loses relative accuracy.
func gateError(u, g float64) float64 {
	s := 1 / (1 + math.Exp(-g))
	return 1e-6 * math.Abs(u) * s * (1 + math.Abs(g))
}

// gates are gate values that also reach the flat ends of the sigmoid.
func gates(a *arena, n int) []float32 {
	g := a.normal(n, 4)
	if n > 3 {
		g[0], g[n/2], g[n-1] = -86, 0, 200
	}
	return g
}

var swigluChecks = []vectorCheck{
	{"SwiGLU", func(a *arena, n int) {
		g, u, dst := gates(a, n), a.normal(n, 1), a.floats(n)
		SwiGLU(dst, g, u)
		for i := range dst {
			h, _, _ := swiglu64(float64(g[i]), float64(u[i]))
			near(a.t, "SwiGLU", i, dst[i], h, 1e-6, 1e-35)
		}
	}},
	{"SwiGLU of extreme gates", func(a *arena, n int) {
		g, u, dst := a.wild(n), a.normal(n, 1), a.floats(n)
		SwiGLU(dst, g, u)
		for i := range dst {
			if h, _, _ := swiglu64(float64(g[i]), float64(u[i])); math.Abs(h) < math.MaxFloat32 {
				near(a.t, "SwiGLU", i, dst[i], h, 1e-6, 1e-35)
			}
		}
	}},
	{"SwiGLUBF16", func(a *arena, n int) {
		g, u, dst := a.bf16(n, 4), a.bf16(n, 1), a.halves(n)
		SwiGLUBF16(dst, g, u)
		for i := range dst {
			h, _, _ := swiglu64(float64(widenBF16(g[i])), float64(widenBF16(u[i])))
			near(a.t, "SwiGLUBF16", i, widenBF16(dst[i]), h, 0x1p-8+1e-5, 1e-35)
		}
	}},
	{"SwiGLUGrad", func(a *arena, n int) {
		g, u, dh, dg, du := gates(a, n), a.normal(n, 1), a.normal(n, 1), a.floats(n), a.floats(n)
		SwiGLUGrad(dg, du, dh, g, u)
		for i := range g {
			_, byGate, byUp := swiglu64(float64(g[i]), float64(u[i]))
			d := float64(dh[i])
			near(a.t, "dgate", i, dg[i], d*byGate, 1e-6, math.Abs(d)*gateError(float64(u[i]), float64(g[i]))+1e-35)
			near(a.t, "dup", i, du[i], d*byUp, 1e-6, 1e-35)
		}
	}},
	{"SwiGLUGradBF16", func(a *arena, n int) {
		g, u, dh, dg, du, h := a.bf16(n, 4), a.bf16(n, 1), a.bf16(n, 1), a.halves(n), a.halves(n), a.halves(n)
		dg2, du2 := a.halves(n), a.halves(n)
		SwiGLUGradBF16(dg, du, h, dh, g, u)
		SwiGLUGradBF16(dg2, du2, nil, dh, g, u)
		for i := range g {
			gi, ui, d := float64(widenBF16(g[i])), float64(widenBF16(u[i])), float64(widenBF16(dh[i]))
			hi, byGate, byUp := swiglu64(gi, ui)
			near(a.t, "dgate", i, widenBF16(dg[i]), d*byGate, 0x1p-8+1e-5, math.Abs(d)*10*gateError(ui, gi)+1e-35)
			near(a.t, "dup", i, widenBF16(du[i]), d*byUp, 0x1p-8+1e-5, 1e-35)
			near(a.t, "h", i, widenBF16(h[i]), hi, 0x1p-8+1e-5, 1e-35)
			if dg[i] != dg2[i] || du[i] != du2[i] {
				a.t.Fatalf("element %d differs when h is not asked for", i)
			}
		}
	}},
	{"SwiGLUBF16 of NaN", func(a *arena, n int) {
		g, u, dst := a.bf16(n, 4), a.bf16(n, 1), a.halves(n)
		for i := range g {
			switch i % 4 {
			case 0:
				g[i] = 0x7f80 | uint16(1+a.rng.IntN(0x7f)) | uint16(i/4%2)<<15
			case 1:
				u[i] = 0x7fff
			}
		}
		SwiGLUBF16(dst, g, u)
		for i, h := range dst {
			if v := widenBF16(h); (v != v) != (i%4 < 2) {
				a.t.Fatalf("gate %04x, up %04x give %04x", g[i], u[i], h)
			}
		}
	}},
}
