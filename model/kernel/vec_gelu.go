package kernel

import "math"

// GELU computes dst = x·Φ(x), Φ being the normal distribution (Hendrycks and Gimpel 2016), by the rational approximation of the error function of
// Abramowitz and Stegun (1964), 7.1.26. The error is at most 4e-7·|x|.
func GELU(dst, x []float32) {
	sameLen("GELU", len(dst), len(x))
	cpu.gelu(dst, x)
}

// geluFar is where Φ(−x) is 0 in float32.
const geluFar = 14

// geluGo computes max(x, 0) − |x|·Φ(−|x|), which is x·Φ(x) for both signs: Φ(−a) = ½·erfc(a/√2) = ½·t·(c₁ + t·(c₂ + …))·exp(−a²/2) with
// t = 1/(1 + a·0.3275911/√2).
func geluGo(dst, x []float32) {
	for i, v := range x {
		a := min(float32(math.Abs(float64(v))), geluFar)
		t := 1 / (1 + a*(0.3275911/math.Sqrt2))
		q := t * (0.254829592/2 + t*(-0.284496736/2+t*(1.421413741/2+t*(-1.453152027/2+t*(1.061405429/2)))))
		dst[i] = max(v, 0) - a*q*exp32(a*a*-0.5)
	}
}
