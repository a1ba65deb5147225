package elementary

import "math"

// log((1+s)/(1−s)) = 2s + s·(2/3·s² + 2/5·s⁴ + …): |s| ≤ 3 − 2√2 needs the terms up to s²¹.
const (
	l1  = 2.0 / 3
	l2  = 2.0 / 5
	l3  = 2.0 / 7
	l4  = 2.0 / 9
	l5  = 2.0 / 11
	l6  = 2.0 / 13
	l7  = 2.0 / 15
	l8  = 2.0 / 17
	l9  = 2.0 / 19
	l10 = 2.0 / 21
)

// logSeries is 2/3 + 2/5·z + …
func logSeries(z float64) float64 {
	z2 := float64(z * z)
	z4 := float64(z2 * z2)
	a := math.FMA(math.FMA(z, l4, l3), z2, math.FMA(z, l2, l1))
	b := math.FMA(math.FMA(z, l8, l7), z2, math.FMA(z, l6, l5))
	c := math.FMA(z, l10, l9)
	return math.FMA(math.FMA(c, z4, b), z4, a)
}

// reduceLog splits a finite x > 0 into m·2^k, √½ < m ≤ √2.
func reduceLog(x float64) (m, k float64) {
	bits := math.Float64bits(x)
	e := 0
	if bits < 1<<52 { // subnormal
		bits = math.Float64bits(x * 0x1p54)
		e = -54
	}
	const root = 0x6a09e667f3bcc // the fraction of √2
	e += int(bits>>52) - 1023
	bits &= 1<<52 - 1
	if bits > root {
		e++
		return math.Float64frombits(bits | 1022<<52), float64(e)
	}
	return math.Float64frombits(bits | 1023<<52), float64(e)
}

// Log is the natural logarithm.
func Log(x float64) float64 {
	if !(x > 0) || x > math.MaxFloat64 {
		return logEdge(x)
	}
	return logSum(x, 0)
}

// logEdge is the logarithm of what is no finite number above 0.
func logEdge(x float64) float64 {
	switch {
	case x < 0:
		return math.NaN()
	case x == 0:
		return math.Inf(-1)
	}
	return x
}

// logSum is log(x) + low for a finite x > 0, low being far smaller or 0.
func logSum(x, low float64) float64 {
	m, k := reduceLog(x)
	f := m - 1
	s := f / (2 + f)
	z := float64(s * s)
	// log(1+f) = 2s + s·R = f − s·(f − R), R = z·(2/3 + …)
	t := float64(s * math.FMA(-z, logSeries(z), f))
	if k == 0 {
		return f - (t - low)
	}
	high, rest := twoSum(float64(k*ln2Hi), f)
	return high + (math.FMA(k, ln2Lo, rest+low) - t)
}

// Log1p is log(1+x), exact to the last places near 0 too.
func Log1p(x float64) float64 {
	u := 1 + x
	switch {
	case u == 1:
		return x
	case !(u > 0) || u > math.MaxFloat64:
		return logEdge(u)
	}
	_, lost := anySum(1, x)
	return logSum(u, lost/u)
}

// Log2 is the binary logarithm, exact for powers of two.
func Log2(x float64) float64 {
	if !(x > 0) || x > math.MaxFloat64 {
		return logEdge(x)
	}
	m, k := reduceLog(x)
	return math.FMA(logSum(m, 0), 1/math.Ln2, k)
}
