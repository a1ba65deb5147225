package bayes

import (
	"math"

	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/lapack/lapack64"
	"gonum.org/v1/gonum/optimize"

	"slm/rng"
)

// The prior of Hvarfner, Hellsten & Nardi, "Vanilla Bayesian optimization performs great in high dimensions" (ICML 2024): length
// scales grow with the root of the dimension, so that distances between points stay comparable.
const (
	minLength = 0.025
	minNoise  = 1e-4
	noiseMu   = -4.0
	noiseSD   = 1.0
)

var (
	lengthSD = math.Sqrt(3)
	restarts = 3
)

func lengthMu(dim int) float64 { return math.Sqrt2 + 0.5*math.Log(float64(dim)) }

// likelihood is the negative logarithm of posterior density as a function of u: l_j = minLength + exp(u_j) and noise variance =
// minNoise + exp(u_d). The constant mean is at its optimum for each u, so it adds nothing to the gradient.
type likelihood struct {
	data    *data
	squares []float64 // [n(n-1)/2, d] squared differences of pairs i > j
	sigma   []float64 // [n,n] covariance, lower triangle
	inv     []float64 // [n,n] its factor, then its inverse, lower triangle
	at      []float64 // where value and grad belong to
	value   float64
	grad    []float64
}

func newLikelihood(t *data) *likelihood {
	f := &likelihood{data: t, grad: make([]float64, t.d+1), sigma: make([]float64, t.n*t.n), inv: make([]float64, t.n*t.n)}
	for i := range t.n {
		for j := range i {
			for c := range t.d {
				r := t.x[i*t.d+c] - t.x[j*t.d+c]
				f.squares = append(f.squares, r*r)
			}
		}
	}
	return f
}

// hyper maps u to length scales and noise variance.
func (f *likelihood) hyper(u []float64) (lengths []float64, noise float64) {
	lengths = make([]float64, f.data.d)
	for j := range lengths {
		lengths[j] = minLength + math.Exp(u[j])
	}
	return lengths, minNoise + math.Exp(u[f.data.d])
}

// evaluate fills value and grad at u. Where the density cannot be computed the value is huge and the gradient zero, which a line
// search takes for a step too far.
func (f *likelihood) evaluate(u []float64) {
	if f.at != nil && equal(f.at, u) {
		return
	}
	f.at = append(f.at[:0], u...)
	f.value = 1e100
	for j := range f.grad {
		f.grad[j] = 0
	}
	for _, v := range u {
		if !(math.Abs(v) < 50) {
			return
		}
	}
	t := f.data
	lengths, noise := f.hyper(u)
	inverse := make([]float64, t.d) // 1/l²
	for j, l := range lengths {
		inverse[j] = 1 / (l * l)
	}
	pairs := f.squares
	for i := range t.n {
		for j := range i {
			var q float64
			for c, s := range inverse {
				q += pairs[c] * s
			}
			pairs = pairs[t.d:]
			f.sigma[i*t.n+j] = math.Exp(-0.5 * q)
		}
		f.sigma[i*t.n+i] = 1 + noise + t.noise[i]
	}
	lower, ok := cholesky(f.inv, f.sigma, t.n)
	if !ok {
		return
	}
	value := 0.5 * float64(t.n) * math.Log(2*math.Pi)
	for i := range t.n {
		value += math.Log(f.inv[i*t.n+i])
	}
	sym, ok := lapack64.Potri(lower) // f.inv becomes the lower triangle of Σ⁻¹
	if !ok {
		return
	}
	mean, alpha := centred(func(dst, x []float64) {
		blas64.Symv(1, sym, blas64.Vector{N: t.n, Inc: 1, Data: x}, 0, blas64.Vector{N: t.n, Inc: 1, Data: dst})
	}, t.y)
	for i, a := range alpha {
		value += 0.5 * a * (t.y[i] - mean)
	}
	f.differentiate(alpha, inverse)
	f.value = value + f.prior(u, lengths, noise)
}

// differentiate writes ½ tr((Σ⁻¹ - ααᵀ) ∂Σ/∂θ) for θ = l_j and the noise variance, then the prior's part and the chain rule follow.
func (f *likelihood) differentiate(alpha, inverse []float64) {
	t := f.data
	pairs := f.squares
	for i := range t.n {
		for j := range i {
			weight := (f.inv[i*t.n+j] - alpha[i]*alpha[j]) * f.sigma[i*t.n+j]
			for c := range t.d {
				f.grad[c] += weight * pairs[c]
			}
			pairs = pairs[t.d:]
		}
		f.grad[t.d] += 0.5 * (f.inv[i*t.n+i] - alpha[i]*alpha[i])
	}
	for c, s := range inverse { // ∂K/∂l = K·r²/l³
		f.grad[c] *= s * math.Sqrt(s)
	}
}

// prior returns the negative log densities of the length scales and the noise and turns grad into the gradient by u.
func (f *likelihood) prior(u, lengths []float64, noise float64) (value float64) {
	d := f.data.d
	one := func(j int, x, mu, sd float64) {
		r := (math.Log(x) - mu) / sd
		value += math.Log(x) + 0.5*r*r + math.Log(sd) + c1
		f.grad[j] = (f.grad[j] + (1+r/sd)/x) * math.Exp(u[j])
	}
	for j, l := range lengths {
		one(j, l, lengthMu(d), lengthSD)
	}
	one(d, noise, noiseMu, noiseSD)
	return value
}

// Fit finds the hyper-parameters of highest posterior density by L-BFGS from the prior's mode, from its median and from random
// points, and returns the process conditioned on obs. At least one observation is needed. O(n³) for each of some 100 evaluations.
func Fit(obs []Observation, dim int, stream *rng.Stream) (*GP, error) {
	if err := check(obs, dim); err != nil {
		return nil, err
	}
	if len(obs) == 0 {
		return nil, errEmpty
	}
	t := standardise(obs, dim)
	f := newLikelihood(t)
	var bestU []float64
	best := math.Inf(1)
	for r := range restarts {
		u := start(r, dim, stream.At(uint64(r)))
		f.evaluate(u)
		value := f.value
		// An error here says that the line search can make no more progress; the location is still the best it has found.
		result, _ := optimize.Minimize(optimize.Problem{
			Func: func(u []float64) float64 { f.evaluate(u); return f.value },
			Grad: func(grad, u []float64) { f.evaluate(u); copy(grad, f.grad) },
		}, u, &optimize.Settings{
			GradientThreshold: 1e-4,
			FuncEvaluations:   100,
			Converger:         &optimize.FunctionConverge{Absolute: 1e-6, Iterations: 4},
		}, &optimize.LBFGS{Store: 10})
		if result != nil && result.F < value {
			u, value = result.X, result.F
		}
		if value < best {
			best, bestU = value, append([]float64(nil), u...)
		}
	}
	if bestU == nil {
		return nil, ErrSingular
	}
	lengths, noise := f.hyper(bestU)
	return condition(t, lengths, noise)
}

// start is the r-th starting point: the mode of the prior, its median with little noise, then draws.
func start(r, dim int, stream *rng.Stream) []float64 {
	u := make([]float64, dim+1)
	for j := range u {
		mu, sd := lengthMu(dim), lengthSD
		if j == dim {
			mu, sd = noiseMu, noiseSD
		}
		switch {
		case r == 0:
			u[j] = mu - sd*sd
		case r == 1 && j < dim:
			u[j] = mu
		case r == 1:
			u[j] = mu - 3*sd
		default:
			u[j] = mu - sd*sd/2 + sd*math.Max(-1.5, math.Min(1.5, stream.Norm()))
		}
	}
	return u
}

func equal(a, b []float64) bool {
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}
