package bayes

import (
	"math"

	"slm/internal/elementary"
)

// likelihood is the logarithm of posterior density, up to the prior probability of the data, as a function of u = (ln l_1 … ln l_d,
// ln noise, and of a mixture logit λ). The constant mean is at its optimum for each u, so it adds nothing to the gradient. It is not safe for concurrent use.
type likelihood struct {
	data    *data
	kernel  Kernel
	prior   Prior
	squares []float64 // [n(n-1)/2, d] squared differences of pairs i > j; of nominal coordinates 1 where they differ
	nominal []bool    // nil if no coordinate is
	sigma   triangle  // covariance, then its factor
	slopes  []float64 // [n(n-1)/2] dk/dq of the pairs
	inverse triangle  // of the factor
	inv     triangle  // Σ⁻¹
	byH     []float64 // [n(n-1)/2] of a mixture: dk/dq of the Hamming distance, and
	byBoth  []float64 // dk/dλ
}

func newLikelihood(t *data, kernel Kernel, prior Prior) *likelihood {
	size := t.n * (t.n + 1) / 2
	f := &likelihood{
		data: t, kernel: kernel, prior: prior, nominal: t.space.nominal(), slopes: make([]float64, 0, size),
		sigma: make(triangle, size), inverse: make(triangle, size), inv: make(triangle, size),
	}
	for i := range t.n {
		for j := range i {
			for c := range t.d {
				r := t.x[i*t.d+c] - t.x[j*t.d+c]
				if f.nominal != nil && f.nominal[c] && r != 0 {
					r = 1
				}
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
		mu, sd := f.prior.of(j, f.nominal, d)
		v, slope := lognormal(u[j], mu, sd)
		if j > d { // λ is normal in its logit
			v, slope = v-u[j], slope-1
		}
		value -= v
		grad[j] -= slope
	}
	return value
}

// marginal returns the log marginal likelihood and adds its gradient by u, which is -½ tr((Σ⁻¹ - ααᵀ) ∂Σ/∂u).
func (f *likelihood) marginal(u, grad []float64) float64 {
	t := f.data
	inverse := make([]float64, t.d) // 1/l²
	rate, both := f.hamming(u)
	for j := range inverse {
		if rate == nil || rate[j] == 0 {
			inverse[j] = elementary.Exp(-2 * u[j])
		}
	}
	noise := elementary.Exp(u[t.d])
	if !f.factorise(inverse, rate, noise, both) {
		return math.Inf(-1)
	}
	value := -0.5 * float64(t.n) * elementary.Log(2*math.Pi)
	for i := range t.n {
		value -= elementary.Log(f.sigma.row(i)[i])
	}
	clear(f.inverse)
	invert(f.inverse, f.sigma, 0, t.n)
	precision(f.inv, f.inverse, t.n)
	mean, alpha := centred(f.symmetric, t.y)
	for i, a := range alpha {
		value -= float64(0.5 * a * (t.y[i] - mean))
	}
	pairs, sum := f.squares, make([]float64, t.d)
	k := 0
	for i := range t.n {
		row := f.inv.row(i)
		for j := range i {
			axpy((row[j]-float64(alpha[i]*alpha[j]))*f.slopes[k], pairs[:t.d], sum)
			pairs = pairs[t.d:]
			k++
		}
		grad[t.d] -= float64(0.5 * noise * (row[i] - float64(alpha[i]*alpha[i])))
	}
	for j, s := range inverse { // dq/d ln l = -2 r²/l²
		grad[j] += float64(2 * s * sum[j])
	}
	if rate != nil {
		f.mixed(rate, both, alpha, grad)
	}
	return value
}

// hamming is what u says of a mixture: its rates 1/(c·l) and λ. Without one the rates are nil.
func (f *likelihood) hamming(u []float64) (rate []float64, both float64) {
	if f.nominal == nil {
		return nil, 0
	}
	rate = make([]float64, f.data.d)
	for j, marked := range f.nominal {
		if marked {
			rate[j] = elementary.Exp(-u[j]) / count(f.nominal)
		}
	}
	return rate, logistic(u[f.data.d+1])
}

// mixed adds the gradient by the nominal coordinates' ln l and by logit λ; dq_h/d ln l_j = -rate_j·[h_j ≠ h'_j].
func (f *likelihood) mixed(rate []float64, both float64, alpha, grad []float64) {
	d, k := f.data.d, 0
	pairs, sum := f.squares, make([]float64, d)
	for i := range f.data.n {
		row := f.inv.row(i)
		for j := range i {
			weight := row[j] - float64(alpha[i]*alpha[j])
			axpy(weight*f.byH[k], pairs[:d], sum)
			grad[d+1] -= float64(weight * f.byBoth[k] * both * (1 - both))
			pairs = pairs[d:]
			k++
		}
	}
	for j, r := range rate {
		grad[j] += float64(r * sum[j])
	}
}

// factorise fills sigma with the covariance's factor, and slopes.
func (f *likelihood) factorise(inverse, rate []float64, noise, both float64) bool {
	t := f.data
	for _, jitter := range jitters {
		pairs := f.squares
		f.slopes, f.byH, f.byBoth = f.slopes[:0], f.byH[:0], f.byBoth[:0]
		for i := range t.n {
			row := f.sigma.row(i)
			for j := range i {
				value, slope := f.kernel.at(dot(inverse, pairs))
				if rate != nil {
					var byH, byBoth float64
					value, slope, byH, byBoth = join(value, slope, elementary.Exp(-dot(rate, pairs)), both)
					f.byH, f.byBoth = append(f.byH, byH), append(f.byBoth, byBoth)
				}
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
