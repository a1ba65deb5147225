package bayes

import "math"

// likelihood is the logarithm of posterior density, up to the prior probability of the data, as a function of u = (ln l_1 … ln l_d,
// ln noise). The constant mean is at its optimum for each u, so it adds nothing to the gradient. It is not safe for concurrent use.
type likelihood struct {
	data    *data
	kernel  Kernel
	prior   Prior
	squares []float64 // [n(n-1)/2, d] squared differences of pairs i > j
	sigma   triangle  // covariance, then its factor
	slopes  []float64 // [n(n-1)/2] dk/dq of the pairs
	inverse triangle  // of the factor
	inv     triangle  // Σ⁻¹
}

func newLikelihood(t *data, kernel Kernel, prior Prior) *likelihood {
	size := t.n * (t.n + 1) / 2
	f := &likelihood{
		data: t, kernel: kernel, prior: prior, slopes: make([]float64, 0, size),
		sigma: make(triangle, size), inverse: make(triangle, size), inv: make(triangle, size),
	}
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

// density returns the logarithm of the data's density times the prior's at u, and writes the gradient by u. O(n³ + n²d). Where the
// covariance cannot be factorised it is -Inf, which a line search takes for a step too far.
func (f *likelihood) density(u, grad []float64) float64 {
	clear(grad)
	value := f.marginal(u, grad)
	d := f.data.d
	for j := range u {
		mu, sd := f.prior.LengthMu, f.prior.LengthSD
		if j == d {
			mu, sd = f.prior.NoiseMu, f.prior.NoiseSD
		}
		v, slope := lognormal(u[j], mu, sd)
		value -= v
		grad[j] -= slope
	}
	return value
}

// marginal returns the log marginal likelihood and adds its gradient by u, which is -½ tr((Σ⁻¹ - ααᵀ) ∂Σ/∂u).
func (f *likelihood) marginal(u, grad []float64) float64 {
	t := f.data
	inverse := make([]float64, t.d) // 1/l²
	for j := range inverse {
		inverse[j] = math.Exp(-2 * u[j])
	}
	noise := math.Exp(u[t.d])
	if !f.factorise(inverse, noise) {
		return math.Inf(-1)
	}
	value := -0.5 * float64(t.n) * math.Log(2*math.Pi)
	for i := range t.n {
		value -= math.Log(f.sigma.row(i)[i])
	}
	clear(f.inverse)
	invert(f.inverse, f.sigma, 0, t.n)
	precision(f.inv, f.inverse, t.n)
	mean, alpha := centred(f.symmetric, t.y)
	for i, a := range alpha {
		value -= 0.5 * a * (t.y[i] - mean)
	}
	pairs, sum := f.squares, make([]float64, t.d)
	k := 0
	for i := range t.n {
		row := f.inv.row(i)
		for j := range i {
			axpy((row[j]-alpha[i]*alpha[j])*f.slopes[k], pairs[:t.d], sum)
			pairs = pairs[t.d:]
			k++
		}
		grad[t.d] -= 0.5 * noise * (row[i] - alpha[i]*alpha[i])
	}
	for j, s := range inverse { // dq/d ln l = -2 r²/l²
		grad[j] += 2 * s * sum[j]
	}
	return value
}

// factorise fills sigma with the covariance's factor, and slopes.
func (f *likelihood) factorise(inverse []float64, noise float64) bool {
	t := f.data
	for _, jitter := range jitters {
		pairs := f.squares
		f.slopes = f.slopes[:0]
		for i := range t.n {
			row := f.sigma.row(i)
			for j := range i {
				value, slope := f.kernel.at(dot(inverse, pairs))
				pairs = pairs[t.d:]
				row[j] = value
				f.slopes = append(f.slopes, slope)
			}
			row[i] = 1 + noise + t.noise[i]
		}
		if factorise(f.sigma, 0, t.n, jitter) {
			return true
		}
	}
	return false
}

// symmetric multiplies by Σ⁻¹.
func (f *likelihood) symmetric(dst, x []float64) {
	clear(dst)
	for i := range f.data.n {
		row := f.inv.row(i)
		dst[i] += dot(row, x)
		axpy(x[i], row[:i], dst)
	}
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
	axpy(-mean, b, alpha)
	return mean, alpha
}
