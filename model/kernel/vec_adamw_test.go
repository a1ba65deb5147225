package kernel

import (
	"math"
	"testing"
)

// adam64 is the published update with every value in float64.
type adam64 struct{ lr, beta1, beta2, eps, decay, corr1, corr2, gscale float64 }

func (c adam64) step(w, m, v, g float64) (float64, float64, float64) {
	g *= c.gscale
	w -= c.lr * c.decay * w
	m = c.beta1*m + (1-c.beta1)*g
	v = c.beta2*v + (1-c.beta2)*g*g
	return w - c.lr*(m/c.corr1)/(math.Sqrt(v/c.corr2)+c.eps), m, v
}

func (c adam64) run(w, m, v, g []float32) {
	AdamW(w, m, v, g, float32(c.lr), float32(c.beta1), float32(c.beta2), float32(c.eps), float32(c.decay), float32(c.corr1), float32(c.corr2), float32(c.gscale))
}

var adamChecks = []vectorCheck{
	{"AdamW", func(a *arena, n int) {
		w, m, v, g := a.normal(n, 1), a.normal(n, 0.1), a.normal(n, 0.1), a.normal(n, 1)
		for i := range v {
			v[i] *= v[i]
		}
		if n > 0 {
			m[0], v[0], g[0] = 0, 0, 0 // a weight that no token has touched
		}
		c := adam64{lr: 1e-2, beta1: 0.9, beta2: 0.999, eps: 1e-8, decay: 0.1, corr1: 0.271, corr2: 0.002997001, gscale: 0.5} // of step 3
		w0, m0, v0, g0 := append([]float32(nil), w...), append([]float32(nil), m...), append([]float32(nil), v...), append([]float32(nil), g...)
		c.run(w, m, v, g)
		for i := range w {
			ww, wm, wv := c.step(float64(w0[i]), float64(m0[i]), float64(v0[i]), float64(g0[i]))
			update := math.Abs(ww - float64(w0[i]))
			scale := 0.9*math.Abs(float64(m0[i])) + 0.05*math.Abs(float64(g0[i]))
			near(a.t, "m", i, m[i], wm, 0, 2e-7*scale)
			near(a.t, "v", i, v[i], wv, 5e-7, 0)
			near(a.t, "w", i, w[i], ww, 2e-7, 2e-6*update+1e-2*4e-7*scale/(c.corr1*math.Sqrt(wv/c.corr2)+1e-12))
			if g[i] != g0[i] {
				a.t.Fatal("the gradient was changed")
			}
		}
	}},
}

// TestAdamW_FollowsItsReferenceOverManySteps would show a β₂ whose last bits are lost in 1−β₂.
func TestAdamW_FollowsItsReferenceOverManySteps(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		a := newArena(t)
		a.start(9, false)
		const n, steps = 37, 100
		w := a.normal(n, 0.1)
		m, v, g := make([]float32, n), make([]float32, n), make([]float32, n)
		w64, m64, v64 := make([]float64, n), make([]float64, n), make([]float64, n)
		for i := range w {
			w64[i] = float64(w[i])
		}
		for s := 1; s <= steps; s++ {
			c := adam64{lr: 1e-3, beta1: 0.9, beta2: 0.999, eps: 1e-8, decay: 0.1, gscale: 1,
				corr1: 1 - math.Pow(0.9, float64(s)), corr2: 1 - math.Pow(0.999, float64(s))}
			for i := range g {
				g[i] = float32(a.rng.NormFloat64() + 0.3)
				w64[i], m64[i], v64[i] = c.step(w64[i], m64[i], v64[i], float64(g[i]))
			}
			c.run(w, m, v, g)
		}
		for i := range w {
			near(t, "w", i, w[i], w64[i], 1e-6, 1e-6)
			near(t, "v", i, v[i], v64[i], 2e-6, 0)
		}
	})
}
