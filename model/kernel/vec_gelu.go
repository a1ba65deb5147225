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

// geluTerms are half of those of erfc, the highest first.
var geluTerms = [5]float32{1.061405429 / 2, -1.453152027 / 2, 1.421413741 / 2, -0.284496736 / 2, 0.254829592 / 2}

// geluGo computes max(x, 0) − |x|·Φ(−|x|), which is x·Φ(x) for both signs: Φ(−a) = ½·erfc(a/√2) = ½·t·(c₁ + t·(c₂ + …))·exp(−a²/2) with
// t = 1/(1 + a·0.3275911/√2).
func geluGo(dst, x []float32) {
	for i, v := range x {
		a := min(float32(math.Abs(float64(v))), geluFar)
		t := 1 / fma32(0.3275911/math.Sqrt2, a, 1)
		q := float32(geluTerms[0])
		for _, c := range geluTerms[1:] {
			q = fma32(t, q, c)
		}
		q = float32(q * t * a * exp32(a*a*-0.5))
		if 0 > v { // −0 stays what it is
			v = 0
		}
		dst[i] = v - q
	}
}
