package elementary

import "math"

// e^r = 1 + r + r²/2! + …: |r| ≤ ½·ln 2 needs the terms up to r¹³.
const (
	e2  = 1.0 / 2
	e3  = 1.0 / 6
	e4  = 1.0 / 24
	e5  = 1.0 / 120
	e6  = 1.0 / 720
	e7  = 1.0 / 5040
	e8  = 1.0 / 40320
	e9  = 1.0 / 362880
	e10 = 1.0 / 3628800
	e11 = 1.0 / 39916800
	e12 = 1.0 / 479001600
	e13 = 1.0 / 6227020800
)

// Beyond these e^x is +Inf or 0.
const (
	highestExp = 709.782712893384
	lowestExp  = -745.1332191019412
)

// toNearest is what is added to |x| < 2⁵¹, and taken away again, to round it to a whole number.
const toNearest = 3 << 51

// reduceExp returns n, r and t with e^(x+low) = 2ⁿ·(1 + r + t), |low| far below |x| or 1, |t| below |r|. x lies between the bounds.
func reduceExp(x, low float64) (n int, r, t float64) {
	k := math.FMA(x, math.Log2E, toNearest) - toNearest
	r, lost := twoSum(math.FMA(-k, ln2Hi, x), math.FMA(-k, ln2Lo, low)) // the first is exact
	z := float64(r * r)
	z2 := float64(z * z)
	a := math.FMA(math.FMA(r, e5, e4), z, math.FMA(r, e3, e2))
	b := math.FMA(math.FMA(r, e9, e8), z, math.FMA(r, e7, e6))
	c := math.FMA(math.FMA(r, e13, e12), z, math.FMA(r, e11, e10))
	return int(k), r, math.FMA(math.FMA(math.FMA(c, z2, b), z2, a), z, lost)
}

// scale is p·2ⁿ with one rounding, n from −1100 to 1100.
func scale(p float64, n int) float64 {
	const far = 1000
	switch {
	case n < -1021:
		return float64(math.Float64frombits(uint64(n+far+1023)<<52) * p * 0x1p-1000)
	case n > 1022:
		return float64(math.Float64frombits(uint64(n-far+1023)<<52) * p * 0x1p1000)
	}
	return float64(math.Float64frombits(uint64(n+1023)<<52) * p)
}

// Exp is e^x.
func Exp(x float64) float64 { return exp(x, 0) }

// exp is e^(x+low).
func exp(x, low float64) float64 {
	switch {
	case x != x:
		return x
	case x > highestExp:
		return math.Inf(1)
	case x < lowestExp:
		return 0
	}
	n, r, t := reduceExp(x, low)
	sum, rest := twoSum(1, r)
	return scale(sum+(rest+t), n)
}

// Expm1 is e^x − 1, exact to the last places near 0 too.
func Expm1(x float64) float64 {
	switch {
	case x == 0 || x != x:
		return x
	case x > highestExp:
		return math.Inf(1)
	case x < -50:
		return -1
	}
	n, r, t := reduceExp(x, 0)
	if n == 0 {
		return r + t
	}
	sum, rest := anySum(1-scale(1, -n), r) // 2⁻ⁿ is exact, and 1 − 2⁻ⁿ as far as it is seen
	return scale(sum+(rest+t), n)
}
