package elementary

import "math"

// farErf is from where Erfcx takes the polynomial; below it Erf takes its series.
const farErf = 0.5

// farCoefficients are those of the polynomial by t = (x − 3.75)/(x + 3.75) that is next to (1+2x)·e^(x²)·erfc(x) for x ≥ ½, with an error of 1e-17
// (the form of Shepherd and Laframboise 1981; the coefficients are a Chebyshev fit of degree 24 with 60 digits).
var farCoefficients = [...]float64{
	1.2375126308378275, -0.14024059858554705, 0.0035854154854635858, 0.08227673849015356, -0.10880393014170085,
	0.09230432116009528, -0.058693398590701364, 0.02836227742346871, -0.009746579545943216, 0.001755625811666165,
	0.0002937135859830887, -0.0002901538433761129, 5.164942123479296e-05, 2.2383336242902305e-05, -1.1444956577471464e-05,
	-9.71241603394233e-07, 1.7528371507364156e-06, -6.119932194722034e-08, -2.5948209540726506e-07, 2.76508560577187e-08,
	3.844885773702873e-08, -6.55023327787973e-09, -4.446683883074326e-09, 1.1027459377250298e-09, 8.755040511034719e-11,
}

// nearCoefficients are (−1)ⁿ/(n!·(2n+1)): erf(x) = 2/√π·x·(1 − x²/3 + x⁴/10 − …).
var nearCoefficients = [...]float64{1, -1.0 / 3, 1.0 / 10, -1.0 / 42, 1.0 / 216, -1.0 / 1320, 1.0 / 9360, -1.0 / 75600, 1.0 / 685440, -1.0 / 6894720, 1.0 / 76204800, -1.0 / 918086400}

const twoOverRootPi = 2 / math.SqrtPi

// horner is c₀ + x·(c₁ + x·(…)).
func horner(x float64, c []float64) float64 {
	p := c[len(c)-1]
	for i := len(c) - 2; i >= 0; i-- {
		p = math.FMA(p, x, c[i])
	}
	return p
}

// nearErf is erf(x) for |x| ≤ ½.
func nearErf(x float64) float64 {
	return float64(twoOverRootPi * x * horner(x*x, nearCoefficients[:]))
}

// farErfcx is e^(x²)·erfc(x) for x ≥ ½.
func farErfcx(x float64) float64 {
	if x > 1e16 {
		return twoOverRootPi / 2 / x
	}
	return horner((x-3.75)/(x+3.75), farCoefficients[:]) / (1 + float64(2*x))
}

// gauss is e^(−x²).
func gauss(x float64) float64 {
	square, rest := product(x, x)
	return exp(-square, -rest)
}

// Erfc is 1 − erf(x), exact to the last places where it is small too.
func Erfc(x float64) float64 {
	switch {
	case x != x:
		return x
	case x > 28:
		return 0
	case x >= farErf:
		return gauss(x) * farErfcx(x)
	case x > -farErf:
		return 1 - nearErf(x)
	case x < -6:
		return 2
	}
	return 2 - float64(gauss(x)*farErfcx(-x))
}

// Erfcx is e^(x²)·erfc(x) for x ≥ 0: it falls as 1/x where Erfc underflows.
func Erfcx(x float64) float64 {
	if x < farErf {
		return Exp(x*x) * (1 - nearErf(x))
	}
	return farErfcx(x)
}

// Erfinv is the inverse of erf on (−1, 1): Winitzki's approximation (2008) and Newton's method.
func Erfinv(y float64) float64 {
	switch {
	case y == 1 || y == -1:
		return math.Inf(int(y))
	case !(y > -1 && y < 1):
		return math.NaN()
	case y < 0:
		return -Erfinv(-y)
	case y == 0:
		return y
	}
	const a = 0.147
	rest := 1 - y // exact where erfc is needed, y ≥ ½
	l := Log(float64(rest * (1 + y)))
	t := 2/(math.Pi*a) + float64(l/2)
	x := math.Sqrt(math.Sqrt(float64(t*t)-l/a) - t)
	for range 4 {
		off := rest - Erfc(x) // erf(x) − y
		if x < farErf {
			off = nearErf(x) - y
		}
		x -= off / (twoOverRootPi * gauss(x))
	}
	return x
}
