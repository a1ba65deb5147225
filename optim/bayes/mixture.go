package bayes

import (
	"math"

	"slm/internal/elementary"
)

// mixture is the covariance of a space with nominal coordinates: with x the coordinates that have an order and h those that have none,
//
//	k = (1-λ)·(k_x + k_h)/2 + λ·k_x·k_h,    k_h = exp(-1/c Σ_j [h_j ≠ h'_j]/l_j)
//
// over the c nominal coordinates, k_x the process's kernel (Ru et al., CoCaBO, ICML 2020, eq. 7; Wan et al., CASMOPOLITAN, ICML 2021, eq. 3,
// k_h as in BoTorch's CategoricalKernel; the sum is halved so that k(0) = 1). The sum lets a wording be good wherever the prompt lies, the
// product lets it be good in one place only.
type mixture struct {
	rate []float64 // [d] 1/(c·l_j) of nominal coordinates, 0 of the others
	both float64   // λ, the share of the product
}

// newMixture is that of length scales [d] and a share; nil where no coordinate is nominal.
func newMixture(nominal []bool, lengths []float64, both float64) *mixture {
	if nominal == nil {
		return nil
	}
	m := &mixture{make([]float64, len(lengths)), both}
	for j, marked := range nominal {
		if marked {
			m.rate[j] = 1 / (count(nominal) * lengths[j])
		}
	}
	return m
}

// count is how many are marked.
func count(marks []bool) (n float64) {
	for _, m := range marks {
		if m {
			n++
		}
	}
	return n
}

// join puts k_x, its slope and k_h together: the value, and its derivatives by q_x, by q_h = -ln k_h and by λ.
func join(kx, slope, kh, both float64) (value, byX, byH, byBoth float64) {
	sum := float64((kx + kh) / 2)
	return float64((1-both)*sum) + float64(both*kx*kh), slope * (float64((1-both)/2) + float64(both*kh)), -kh * (float64((1-both)/2) + float64(both*kx)), float64(kx*kh) - sum
}

// hamming is Σ_j rate_j·[a_j ≠ b_j].
func (m *mixture) hamming(a, b []float64) (q float64) {
	for j, r := range m.rate {
		if r > 0 && a[j] != b[j] {
			q += r
		}
	}
	return q
}

// covariance of two points of [0,1]^d, and its derivative by the distance of the coordinates that have an order.
func (g *GP) covariance(a, b []float64) (value, slope float64) {
	value, slope = g.Kernel.at(distance(a, b, g.scale))
	if g.mixture != nil {
		value, slope, _, _ = join(value, slope, elementary.Exp(-g.mixture.hamming(a, b)), g.mixture.both)
	}
	return value, slope
}

// Priors of a mixture. The Hamming distance is a mean over its coordinates, so it does not grow with their number and the length scales'
// prior needs no correction for it.
const (
	nominalMu        = math.Sqrt2
	bothMu, bothSD   = 0, 1.5 // of the logit of λ
	bothLow, bothTop = -6, 6
)

// logistic is 1/(1+exp(-v)).
func logistic(v float64) float64 { return 1 / (1 + elementary.Exp(-v)) }
