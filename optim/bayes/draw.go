package bayes

import (
	"math"

	"slm/internal/elementary"
	"slm/rng"
)

// features is how many cosines stand for a draw of the prior.
const features = 512

// draw is one function drawn from the posterior, for Thompson sampling: a draw of the prior, made of random Fourier features, plus the
// correction that takes it through the observations (Matheron's rule; Wilson et al., "Efficiently sampling functions from Gaussian
// process posteriors", ICML 2020, eq. 12). Unlike a joint sample on a grid it can be climbed.
type draw struct {
	g     *GP
	freq  []float64 // [features, d] over length scales
	phase []float64 // [features]
	amp   []float64 // [features] normal weight · sqrt(2/features)
	alpha []float64 // [n] Σ⁻¹(y - mean - prior draw - noise draw)
}

// newDraw takes O(features·n·d + n²).
func newDraw(g *GP, stream *rng.Stream) *draw {
	t := g.data
	a := &draw{g: g, freq: make([]float64, features*t.d), phase: make([]float64, features), amp: make([]float64, features), alpha: make([]float64, t.n)}
	spectrum, weights, noise := stream.At(0), stream.At(1), stream.At(2)
	for i := range features {
		spread := 1.0
		if g.Kernel == Matern52 { // its spectrum is Student's t with 5 degrees of freedom
			var chi float64
			for range 5 {
				z := spectrum.Norm()
				chi += float64(z * z)
			}
			spread = math.Sqrt(5 / chi)
		}
		for j := range t.d {
			a.freq[i*t.d+j] = spread * spectrum.Norm() * g.scale[j]
		}
		a.phase[i] = 2 * math.Pi * spectrum.Float64()
		a.amp[i] = weights.Norm() * math.Sqrt(2.0/features)
	}
	rest := make([]float64, t.n)
	for i := range rest {
		rest[i] = t.y[i] - g.Mean - a.prior(t.point(i), nil) - float64(math.Sqrt(g.Noise+t.noise[i])*noise.Norm())
	}
	g.chol.solve(a.alpha, rest)
	return a
}

// prior is the draw before the correction; it adds its gradient to grad unless that is nil.
func (a *draw) prior(x, grad []float64) (value float64) {
	d := len(x)
	for i, phase := range a.phase {
		freq := a.freq[i*d : (i+1)*d]
		sin, cos := elementary.Sincos(dot(freq, x) + phase)
		value += float64(a.amp[i] * cos)
		if grad != nil {
			axpy(-a.amp[i]*sin, freq, grad)
		}
	}
	return value
}

func (a *draw) at(x, grad []float64, w *work) float64 {
	t := a.g.data
	for i := range t.n {
		w.k[i], w.slopes[i] = a.g.Kernel.at(distance(x, t.point(i), a.g.scale))
	}
	value := a.g.Mean + dot(w.k, a.alpha)
	if grad == nil {
		return value + a.prior(x, nil)
	}
	clear(grad)
	for i := range t.n {
		c := 2 * a.alpha[i] * w.slopes[i]
		for j, v := range t.point(i) {
			grad[j] += float64(c * (x[j] - v) * a.g.scale[j] * a.g.scale[j])
		}
	}
	return value + a.prior(x, grad)
}
