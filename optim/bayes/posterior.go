package bayes

import "math"

// floor is the smallest posterior variance, in standardised units; rounding leaves no more to know.
const floor = 1e-14

// work is scratch space for one goroutine.
type work struct {
	k, v, w  []float64 // [n]
	dm, dvar []float64 // [d]
}

func newWork(t *data) *work {
	return &work{make([]float64, t.n), make([]float64, t.n), make([]float64, t.n), make([]float64, t.d), make([]float64, t.d)}
}

// posterior returns mean and variance at x in [0,1]^d, standardised: m + kᵀα and 1 - ‖L⁻¹k‖². O(n² + nd).
func (g *GP) posterior(x []float64, w *work) (mean, variance float64) {
	t := g.data
	mean, variance = g.Mean, 1
	for i := range t.n {
		w.k[i] = g.kernel(x, t.x[i*t.d:(i+1)*t.d])
		mean += w.k[i] * g.alpha[i]
	}
	for i := range t.n {
		row := g.factor[i*t.n : i*t.n+i+1]
		var sum float64
		for j, f := range row {
			sum += f * w.k[j]
		}
		w.v[i] = sum
		variance -= sum * sum
	}
	return mean, math.Max(variance, floor)
}

// slope writes the gradients of mean and variance at x into w.dm and w.dvar; it must follow posterior at the same x.
func (g *GP) slope(x []float64, w *work) {
	t := g.data
	for i := range w.w {
		w.w[i] = 0
	}
	for i := range t.n { // w = L⁻ᵀv = Σ⁻¹k
		row, v := g.factor[i*t.n:i*t.n+i+1], w.v[i]
		for j, f := range row {
			w.w[j] += f * v
		}
	}
	for j := range t.d {
		w.dm[j], w.dvar[j] = 0, 0
	}
	for i := range t.n {
		xi := t.x[i*t.d : (i+1)*t.d]
		a, b := g.alpha[i]*w.k[i], -2*w.w[i]*w.k[i]
		for j, l := range g.Lengths {
			dk := -(x[j] - xi[j]) / (l * l)
			w.dm[j] += a * dk
			w.dvar[j] += b * dk
		}
	}
}

// logEI is LogEI at x against the incumbent; with a gradient slice it also writes the gradient there.
func (g *GP) logEI(x, grad []float64, w *work) float64 {
	mean, variance := g.posterior(x, w)
	sigma := math.Sqrt(variance)
	u := (mean - g.best) / sigma
	h, dh := logH(u)
	if grad != nil {
		g.slope(x, w)
		for j := range grad {
			dsigma := 0.0
			if variance > floor {
				dsigma = w.dvar[j] / (2 * sigma)
			}
			grad[j] = dsigma/sigma + dh*(w.dm[j]-u*dsigma)/sigma
		}
	}
	return math.Log(sigma) + h
}
