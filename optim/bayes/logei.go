package bayes

import (
	"math"

	"slm/internal/elementary"
)

var (
	c1 = 0.5 * elementary.Log(2*math.Pi)
	c2 = 0.5 * elementary.Log(math.Pi/2)
)

// logH returns ln(φ(u) + u·Φ(u)) and its derivative Φ(u)/(φ(u) + u·Φ(u)). The expected improvement over a best value of a normal variable with
// mean μ and standard deviation σ is σ times that of u = (μ - best)/σ. Unlike the logarithm of EI the sum of logarithms stays finite, with a
// useful slope, where EI underflows (Ament et al., "Unexpected improvements to expected improvement for Bayesian optimization", NeurIPS 2023,
// eq. 9). The seam to the lowest branch lies at -1e3 instead of -1e6, with three more terms of the series: that keeps ten digits of value and
// slope everywhere.
func logH(u float64) (value, slope float64) {
	switch {
	case u > -1:
		cdf := 0.5 * elementary.Erfc(-u/math.Sqrt2)
		h := elementary.Exp(float64(-0.5*u*u)-c1) + float64(u*cdf)
		return elementary.Log(h), cdf / h
	case u > -1e3:
		// φ + uΦ = φ·(1 - |u|·Φ/φ), and Φ/φ = sqrt(π/2)·erfcx(|u|/√2).
		e := elementary.Erfcx(-u / math.Sqrt2)
		rest := log1mexp(elementary.Log(-u*e) + c2)
		return float64(-0.5*u*u) - c1 + rest, elementary.Exp(elementary.Log(e) + c2 - rest)
	default:
		// There 1 - |u|·Φ/φ has lost u²·1e-16 of its value; its asymptotic series 1/u² - 3/u⁴ + 15/u⁶ - 105/u⁸ has lost nothing.
		q := 1 / (u * u)
		tail := float64(q * (-3 + float64(q*(15-float64(105*q)))))
		return float64(-0.5*u*u) - c1 - float64(2*elementary.Log(-u)) + elementary.Log1p(tail), -u * (1 - q + float64(3*q*q)) / (1 + tail)
	}
}

// log1mexp is ln(1 - eˣ) for x < 0, without cancellation at either end (Mächler 2012).
func log1mexp(x float64) float64 {
	if x > -math.Ln2 {
		return elementary.Log(-elementary.Expm1(x))
	}
	return elementary.Log1p(-elementary.Exp(x))
}
