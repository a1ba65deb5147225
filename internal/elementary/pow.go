package elementary

import "math"

// What ln2Hi + ln2Lo, and the first coefficients of logSeries, lack.
const (
	ln2Last = 1.1612227229362532e-26
	l1Last  = 3.700743415417188e-17
	l2Last  = -2.2204460492503132e-17
)

// powTail are 2/7, 2/9, …: what logPair needs of the series after 2/3 and 2/5.
var powTail = [...]float64{2.0 / 7, 2.0 / 9, 2.0 / 11, 2.0 / 13, 2.0 / 15, 2.0 / 17, 2.0 / 19, 2.0 / 21, 2.0 / 23, 2.0 / 25, 2.0 / 27}

// pair is a number as the sum of two, the second at most half a unit in the last place of the first.
type pair struct{ high, low float64 }

func (a pair) times(b pair) pair {
	p, rest := product(a.high, b.high)
	p, rest = twoSum(p, math.FMA(a.high, b.low, math.FMA(a.low, b.high, rest)))
	return pair{p, rest}
}

// plus adds a number that is not the larger one.
func (a pair) plus(b pair) pair {
	sum, rest := twoSum(a.high, b.high)
	sum, rest = twoSum(sum, rest+(a.low+b.low))
	return pair{sum, rest}
}

// logPair is log(x) for a finite x > 0, with a relative error below 2⁻⁶⁵.
func logPair(x float64) pair {
	m, k := reduceLog(x)
	f := m - 1
	d, dLow := twoSum(2, f)
	s := pair{high: f / d}
	s.low = (math.FMA(-s.high, d, f) - float64(s.high*dLow)) / d
	z := s.times(s)
	tail := powTail[len(powTail)-1]
	for i := len(powTail) - 2; i >= 0; i-- {
		tail = math.FMA(tail, z.high, powTail[i])
	}
	r := pair{l2, l2Last}.plus(z.times(pair{tail, 0}))
	r = pair{l1, l1Last}.plus(z.times(r))
	r = pair{2 * s.high, 2 * s.low}.plus(s.times(z.times(r)))
	if k == 0 {
		return r
	}
	low, rest := product(k, ln2Lo)
	whole := pair{float64(k * ln2Hi), low}.plus(pair{0, math.FMA(k, ln2Last, rest)})
	return whole.plus(r)
}

// Pow is x^y.
func Pow(x, y float64) float64 {
	if x == 0 || y == 0 || x != x || y != y || math.IsInf(x, 0) || math.IsInf(y, 0) {
		return math.Pow(x, y) // these are looked up, not computed
	}
	odd := false
	if x < 0 {
		if y != math.Trunc(y) {
			return math.NaN()
		}
		x, odd = -x, math.Mod(y, 2) != 0
	}
	l := logPair(x)
	high, rest := product(y, l.high)
	p := exp(high, math.FMA(y, l.low, rest))
	if odd {
		return -p
	}
	return p
}
