package bayes

import (
	"errors"
	"math"
)

var (
	errCoupled = errors.New("bayes: a process with coupled kernel cannot do this")
	errMixed   = errors.New("bayes: a process over nominal coordinates has no draws")
)

// GP is a Gaussian process conditioned on observations. It is read-only once it is made and may be used by several goroutines.
type GP struct {
	Kernel  Kernel    // RBF or Matern52, without output scale
	Lengths []float64 // [d] length scales l_j, in units of the box [0,1]; of nominal coordinates, in units of their mean Hamming distance
	Noise   float64   // learned variance, in standardised units
	Mean    float64   // constant mean, in standardised units
	Density float64   // log posterior density of the hyper-parameters, up to a constant of the data; 0 when they were given

	data  *data
	scale []float64 // 1/l; 0 of nominal coordinates
	sigma triangle  // covariance of the observations
	chol  *factor   // of sigma
	alpha []float64 // [n] Σ⁻¹(y - mean)
	best  float64   // largest posterior mean over the observed points, standardised

	mixture *mixture  // nil for a space without nominal coordinates
	coupled *coupling // nil for an ordinary kernel
}

// condition computes the posterior for given hyper-parameters; O(n³).
func condition(t *data, kernel Kernel, lengths []float64, noise float64) (*GP, error) {
	return conditionMixed(t, kernel, lengths, noise, 0)
}

// conditionMixed is condition with the share λ of the product, which counts where the space has nominal coordinates.
func conditionMixed(t *data, kernel Kernel, lengths []float64, noise, both float64) (*GP, error) {
	nominal := t.space.nominal()
	g := &GP{Kernel: kernel, Lengths: append([]float64(nil), lengths...), Noise: noise, mixture: newMixture(nominal, lengths, both), chol: &factor{}}
	g.data = &data{d: t.d, space: t.space, centre: t.centre, scale: t.scale}
	g.scale = make([]float64, len(lengths))
	for j, l := range lengths {
		if nominal == nil || !nominal[j] {
			g.scale[j] = 1 / l
		}
	}
	return g.onto(t)
}

// Extend returns the process conditioned on more observations, with the same hyper-parameters and units, in O(n²) for each. It equals,
// bit for bit, the process conditioned on all observations at once. g stays as it is.
func (g *GP) Extend(obs ...Observation) (*GP, error) {
	if err := check(obs, g.data.d); err != nil {
		return nil, err
	}
	if err := g.data.space.check(obs, g.data.d); err != nil {
		return nil, err
	}
	if g.coupled != nil {
		return nil, errCoupled
	}
	return g.onto(g.data.with(obs))
}

// onto conditions on t, whose beginning is g's data.
func (g *GP) onto(t *data) (*GP, error) {
	h := *g
	h.data = t
	h.sigma = make(triangle, t.n*(t.n+1)/2)
	copy(h.sigma, g.sigma)
	for i := g.data.n; i < t.n; i++ {
		row := h.sigma.row(i)
		for j := range i {
			row[j], _ = h.covariance(t.point(i), t.point(j))
		}
		row[i] = 1 + h.Noise + t.noise[i]
	}
	var err error
	if h.chol, err = g.chol.extend(h.sigma, t.n); err != nil {
		return nil, err
	}
	h.Mean, h.alpha = centred(h.chol.solve, t.y)
	h.best = math.Inf(-1)
	for i := range t.n {
		h.best = math.Max(h.best, h.fitted(i))
	}
	return &h, nil
}

// fitted is the posterior mean at an observed point: y less its residual, which is the diagonal's share of Σα = y - mean.
func (g *GP) fitted(i int) float64 {
	return g.data.y[i] - float64(g.error(i)*g.alpha[i])
}

// error is the noise variance of observation i.
func (g *GP) error(i int) float64 { return g.Noise + g.data.noise[i] + jitters[g.chol.jitter] }

// Predict returns mean and variance of the function itself, without noise, at z in [-1,1]^d, in the units of Y.
func (g *GP) Predict(z []float64) (mean, variance float64) {
	m, v := g.posterior(inward(z), newWork(g.data))
	return g.data.centre + float64(g.data.scale*m), g.data.scale * g.data.scale * v
}

// Best is the incumbent: the largest posterior mean over the observed points, in the units of Y. The largest value seen would be
// biased upwards by its own noise.
func (g *GP) Best() float64 { return g.data.centre + float64(g.data.scale*g.best) }

// inward maps [-1,1]^d to [0,1]^d.
func inward(z []float64) []float64 {
	x := make([]float64, len(z))
	for j, v := range z {
		x[j] = (v + 1) / 2
	}
	return x
}

// outward maps [0,1]^d to [-1,1]^d in place.
func outward(x []float64) []float64 {
	for j := range x {
		x[j] = 2*x[j] - 1
	}
	return x
}
