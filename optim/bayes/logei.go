package bayes

import "math"

var (
	c1 = 0.5 * math.Log(2*math.Pi)
	c2 = 0.5 * math.Log(math.Pi/2)
)

// logH returns ln(φ(u) + u·Φ(u)) and its derivative Φ(u)/(φ(u) + u·Φ(u)). The expected improvement over a best value of a normal variable with
// mean μ and standard deviation σ is σ times that of u = (μ - best)/σ. Unlike the logarithm of EI the sum of logarithms stays finite, with a
// useful slope, where EI underflows (Ament et al., "Unexpected improvements to expected improvement for Bayesian optimization", NeurIPS 2023,
// eq. 9). The seam to the lowest branch lies at -1e3 instead of -1e6, with three more terms of the series: that keeps ten digits of value and
// slope everywhere.
func logH(u float64) (value, slope float64) {
	switch {
	case u > -1:
		cdf := 0.5 * math.Erfc(-u/math.Sqrt2)
		h := math.Exp(float64(-0.5*u*u)-c1) + float64(u*cdf)
		return math.Log(h), cdf / h
	case u > -1e3:
		// φ + uΦ = φ·(1 - |u|·Φ/φ), and Φ/φ = sqrt(π/2)·erfcx(|u|/√2).
		e := erfcx(-u / math.Sqrt2)
		rest := log1mexp(math.Log(-u*e) + c2)
		return float64(-0.5*u*u) - c1 + rest, math.Exp(math.Log(e) + c2 - rest)
	default:
		// There 1 - |u|·Φ/φ has lost u²·1e-16 of its value; its asymptotic series 1/u² - 3/u⁴ + 15/u⁶ - 105/u⁸ has lost nothing.
		q := 1 / (u * u)
		tail := q * (-3 + float64(q*(15-float64(105*q))))
		return float64(-0.5*u*u) - c1 - float64(2*math.Log(-u)) + math.Log1p(tail), -u * (1 - q + float64(3*q*q)) / (1 + tail)
	}
}

// log1mexp is ln(1 - eˣ) for x < 0, without cancellation at either end (Mächler 2012).
func log1mexp(x float64) float64 {
	if x > -math.Ln2 {
		return math.Log(-math.Expm1(x))
	}
	return math.Log1p(-math.Exp(x))
}

// erfcx is exp(x²)·erfc(x) for x ≥ 0: from the definition while exp(x²) is harmless, then by its continued fraction
// 1/√π · 1/(x + (1/2)/(x + (2/2)/(x + (3/2)/…))), evaluated from the far end.
func erfcx(x float64) float64 {
	if x < 5 {
		return math.Exp(x*x) * math.Erfc(x)
	}
	terms := 50
	if x > 20 {
		terms = 12
	}
	t := x
	for k := terms; k > 0; k-- {
		t = x + float64(k)/2/t
	}
	return 1 / (math.Sqrt(math.Pi) * t)
}
