package bayes

import (
	"errors"
	"math"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/lapack/lapack64"
)

// ErrSingular says that the covariance matrix could not be factorised even with the largest jitter.
var ErrSingular = errors.New("bayes: covariance matrix is not positive definite")

// jitters are added to the diagonal in turn until the Cholesky factorisation succeeds.
var jitters = [...]float64{0, 1e-10, 1e-8, 1e-6, 1e-4}

// data are observations in the model's own units.
type data struct {
	n, d   int
	x      []float64 // [n,d] in [0,1]
	y      []float64 // [n] standardised
	noise  []float64 // [n] known variance over the square of scale
	centre float64   // y = (Y - centre)/scale
	scale  float64
}

// standardise maps the box to [0,1]^d and values to mean 0 and variance 1 (a constant set of values is only centred).
func standardise(obs []Observation, dim int) *data {
	n := len(obs)
	t := &data{n: n, d: dim, x: make([]float64, 0, n*dim), y: make([]float64, n), noise: make([]float64, n), scale: 1}
	for _, o := range obs {
		for _, z := range o.Z {
			t.x = append(t.x, (z+1)/2)
		}
		t.centre += o.Y / float64(n)
	}
	var squares float64
	for _, o := range obs {
		squares += (o.Y - t.centre) * (o.Y - t.centre)
	}
	if n > 1 {
		if sd := math.Sqrt(squares / float64(n-1)); sd > 1e-12*math.Max(1, math.Abs(t.centre)) {
			t.scale = sd
		}
	}
	for i, o := range obs {
		t.y[i] = (o.Y - t.centre) / t.scale
		t.noise[i] = o.Var / (t.scale * t.scale)
	}
	return t
}

// GP is a Gaussian process conditioned on observations, with the kernel exp(-½ Σ_j ((x_j-x'_j)/l_j)²) and no output scale.
// It is read-only after Fit and may be used by several goroutines.
type GP struct {
	Lengths []float64 // [d] length scales l_j, in units of the box [0,1]
	Noise   float64   // learned variance, in standardised units
	Mean    float64   // constant mean, in standardised units

	data   *data
	alpha  []float64 // [n] Σ⁻¹(y - mean)
	factor []float64 // [n,n] inverse of the Cholesky factor L, lower triangle, row-major
	best   float64   // largest posterior mean over the observed points, standardised
}

// condition computes the posterior for given hyper-parameters; O(n³).
func condition(t *data, lengths []float64, noise float64) (*GP, error) {
	g := &GP{Lengths: append([]float64(nil), lengths...), Noise: noise, data: t, factor: make([]float64, t.n*t.n)}
	sigma := make([]float64, t.n*t.n)
	for i := range t.n {
		for j := range i {
			sigma[i*t.n+j] = g.kernel(t.x[i*t.d:(i+1)*t.d], t.x[j*t.d:(j+1)*t.d])
		}
		sigma[i*t.n+i] = 1 + noise + t.noise[i]
	}
	lower, ok := cholesky(g.factor, sigma, t.n)
	if !ok || !lapack64.Trtri(lower) { // g.factor becomes L⁻¹ in place
		return nil, ErrSingular
	}
	g.Mean, g.alpha = centred(g.precise, t.y)

	g.best = math.Inf(-1)
	w := newWork(t)
	for i := range t.n {
		mean, _ := g.posterior(t.x[i*t.d:(i+1)*t.d], w)
		g.best = math.Max(g.best, mean)
	}
	return g, nil
}

// cholesky factorises the symmetric matrix whose lower triangle is in sigma [n,n] into dst, with the smallest jitter that will do.
func cholesky(dst, sigma []float64, n int) (blas64.Triangular, bool) {
	for _, jitter := range jitters {
		copy(dst, sigma)
		for i := range n {
			dst[i*n+i] += jitter
		}
		if lower, ok := lapack64.Potrf(blas64.Symmetric{Uplo: blas.Lower, N: n, Stride: n, Data: dst}); ok {
			return lower, true
		}
	}
	return blas64.Triangular{}, false
}

// centred returns the mean that maximises the likelihood, m = 1ᵀΣ⁻¹y / 1ᵀΣ⁻¹1, and Σ⁻¹(y - m); precise multiplies by Σ⁻¹.
func centred(precise func(dst, x []float64), y []float64) (mean float64, alpha []float64) {
	ones, b := make([]float64, len(y)), make([]float64, len(y))
	alpha = make([]float64, len(y))
	for i := range ones {
		ones[i] = 1
	}
	precise(alpha, y)
	precise(b, ones)
	var above, below float64
	for i := range alpha {
		above += alpha[i]
		below += b[i]
	}
	mean = above / below
	for i := range alpha {
		alpha[i] -= mean * b[i]
	}
	return mean, alpha
}

// precise multiplies by Σ⁻¹ = L⁻ᵀL⁻¹.
func (g *GP) precise(dst, x []float64) {
	n := g.data.n
	for i := range dst {
		dst[i] = 0
	}
	for i := range n {
		row := g.factor[i*n : i*n+i+1]
		var v float64
		for j, f := range row {
			v += f * x[j]
		}
		for j, f := range row {
			dst[j] += f * v
		}
	}
}

func (g *GP) kernel(a, b []float64) float64 {
	var q float64
	for j, l := range g.Lengths {
		r := (a[j] - b[j]) / l
		q += r * r
	}
	return math.Exp(-0.5 * q)
}

// Predict returns mean and variance of the function itself, without noise, at z in [-1,1]^d, in the units of Y.
func (g *GP) Predict(z []float64) (mean, variance float64) {
	x := make([]float64, g.data.d)
	for j := range x {
		x[j] = (z[j] + 1) / 2
	}
	m, v := g.posterior(x, newWork(g.data))
	return g.data.centre + g.data.scale*m, g.data.scale * g.data.scale * v
}

// Best is the incumbent: the largest posterior mean over the observed points, in the units of Y. The largest value seen would be
// biased upwards by its own noise.
func (g *GP) Best() float64 { return g.data.centre + g.data.scale*g.best }
