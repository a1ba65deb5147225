package elementary

import "math"

// stirling are the coefficients of 1/x, 1/x³, … of log Γ (Abramowitz and Stegun 1964, 6.1.41).
var stirling = [...]float64{1.0 / 12, -1.0 / 360, 1.0 / 1260, -1.0 / 1680, 1.0 / 1188, -691.0 / 360360, 1.0 / 156, -3617.0 / 122400}

// Lgamma is log Γ(x) for x > 0, and NaN otherwise. Near 1 and 2, where it is 0, the absolute error stays 1e-14.
func Lgamma(x float64) float64 {
	switch {
	case !(x > 0):
		return math.NaN()
	case math.IsInf(x, 1):
		return x
	case x > 1e300:
		return math.FMA(x, Log(x), -x)
	}
	shift := 1.0
	for ; x < 12; x++ {
		shift *= x
	}
	z := 1 / x
	series := float64(z * horner(float64(z*z), stirling[:]))
	const halfLog2Pi = 0.9189385332046728
	return math.FMA(x-0.5, Log(x), -x) + (halfLog2Pi + series - Log(shift))
}
