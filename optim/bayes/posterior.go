package bayes

import "math"

// floor is the smallest posterior variance, in standardised units; rounding leaves no more to know.
const floor = 1e-14

// work is scratch space for one goroutine.
type work struct {
	k, slopes, v, w []float64 // [n]
	dm, dvar        []float64 // [d]
}

func newWork(t *data) *work {
	n := func(k int) []float64 { return make([]float64, k) }
	return &work{n(t.n), n(t.n), n(t.n), n(t.n), n(t.d), n(t.d)}
}

// posterior returns mean and variance at x in [0,1]^d, standardised: m + kᵀα and 1 - ‖L⁻¹k‖² unless the kernel is
// coupled. O(n² + nd).
func (g *GP) posterior(x []float64, w *work) (mean, variance float64) {
	t := g.data
	for i := range t.n {
		w.k[i], w.slopes[i] = g.covariance(x, t.point(i))
	}
	if g.coupled != nil {
		return g.coupled.posterior(g.Mean, w.k, w.w)
	}
	g.chol.times(w.v, w.k)
	return g.Mean + dot(w.k, g.alpha), math.Max(1-dot(w.v, w.v), floor)
}

// slope writes the gradients of mean and variance at x into w.dm and w.dvar; it must follow posterior at the same x.
func (g *GP) slope(x []float64, w *work) {
	if g.coupled != nil {
		g.slopeOf(g.coupled.weights, 4, x, w)
		return
	}
	g.chol.transposed(w.w, w.v) // Σ⁻¹k
	g.slopeOf(g.alpha, -4, x, w)
}

// slopeOf writes the gradients of m + kᵀα and of ±kᵀw, with factor = ±4 for ±2·kᵀdw and the kernel's own 2.
func (g *GP) slopeOf(alpha []float64, factor float64, x []float64, w *work) {
	t := g.data
	clear(w.dm)
	clear(w.dvar)
	for i := range t.n { // dk/dx_j = dk/dq · 2(x_j - x_ij)/l_j²
		a, b := 2*alpha[i]*w.slopes[i], factor*w.w[i]*w.slopes[i]
		for j, v := range t.point(i) {
			r := (x[j] - v) * g.scale[j] * g.scale[j]
			w.dm[j] += float64(a * r)
			w.dvar[j] += float64(b * r)
		}
	}
}
