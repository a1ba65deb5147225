package elementary

import "math"

// π/2 in three parts, each the nearest to what is left.
const (
	quarter1 = 1.5707963267948966
	quarter2 = 6.123233995736766e-17
	quarter3 = -1.4973849048591698e-33
)

// The series of sin r behind r, and of cos r behind 1 − r²/2, by r²: |r| ≤ π/4 needs the terms up to r¹⁷ and r¹⁸.
const (
	s1 = -1.0 / 6
	s2 = 1.0 / 120
	s3 = -1.0 / 5040
	s4 = 1.0 / 362880
	s5 = -1.0 / 39916800
	s6 = 1.0 / 6227020800
	s7 = -1.0 / 1307674368000
	s8 = 1.0 / 355687428096000

	c1 = 1.0 / 24
	c2 = -1.0 / 720
	c3 = 1.0 / 40320
	c4 = -1.0 / 3628800
	c5 = 1.0 / 479001600
	c6 = -1.0 / 87178291200
	c7 = 1.0 / 20922789888000
	c8 = -1.0 / 6402373705728000
)

// farAngle is from where an angle is first taken modulo the float64 nearest to 2π.
const farAngle = 1 << 30

// reduceAngle returns the quarter turns in x, modulo 4, and the rest as a sum of two numbers.
func reduceAngle(x float64) (quarters int64, r, low float64) {
	if math.Abs(x) > farAngle {
		x = math.Mod(x, 2*math.Pi)
	}
	n := math.FMA(x, 2/math.Pi, toNearest) - toNearest
	if n == 0 {
		return 0, x, 0
	}
	p, pRest := product(n, quarter1)
	q, qRest := product(n, quarter2)
	r, rest := anySum(x-p, -pRest) // x − p is exact: the two are close
	r, rest2 := anySum(r, -q)
	r, low = twoSum(r, rest+(rest2-math.FMA(n, quarter3, qRest)))
	return int64(n) & 3, r, low
}

// Sincos is the sine and the cosine of x in radians. Beyond 2³⁰ the error grows with x.
func Sincos(x float64) (sin, cos float64) {
	if x-x != 0 { // infinite or not a number
		return math.NaN(), math.NaN()
	}
	quarters, r, low := reduceAngle(x)
	z := float64(r * r)
	z2 := float64(z * z)
	z4 := float64(z2 * z2)
	odd := math.FMA(math.FMA(math.FMA(z, s8, s7), z2, math.FMA(z, s6, s5)), z4, math.FMA(math.FMA(z, s4, s3), z2, math.FMA(z, s2, s1)))
	even := math.FMA(math.FMA(math.FMA(z, c8, c7), z2, math.FMA(z, c6, c5)), z4, math.FMA(math.FMA(z, c4, c3), z2, math.FMA(z, c2, c1)))
	sin = r + math.FMA(float64(r*z), odd, low)
	if z == 0 {
		sin = r // −0 stays −0
	}
	most, rest := twoSum(1, float64(-0.5*z))
	rest -= float64(0.5 * math.FMA(r, r, -z))
	cos = most + (math.FMA(z2, even, rest) - float64(r*low))
	switch quarters {
	case 1:
		return cos, -sin
	case 2:
		return -sin, -cos
	case 3:
		return -cos, sin
	}
	return sin, cos
}

// Cos is the cosine of x in radians.
func Cos(x float64) float64 {
	_, c := Sincos(x)
	return c
}
