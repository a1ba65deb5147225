package functions

import (
	"math"

	"slm/internal/elementary"
)

// Mixed is a function of a mixed space: a point of [-1,1]^d with some coordinates on levels, at even distances from -1 to 1.
type Mixed struct {
	Name string
	Dims []Dim
	Max  float64
	At   func(z []float64) float64
}

// Dim is a coordinate: Levels 0 is continuous; Nominal levels have no order.
type Dim struct {
	Levels  int
	Nominal bool
}

// level is which one z is of n.
func level(z float64, n int) int { return int(float64(float64((z+1)/2)*float64(n-1)) + 0.5) }

// AllMixed are the mixed functions.
var AllMixed = []Mixed{Func2C, Wordings}

// Func2C adds to the third of two nominal choices of functions over the plane, as func2C of CoCaBO (Ru et al. 2020, appendix) does with its own:
// each of the first three levels is another function of two continuous coordinates, and the second choice scales it.
var Func2C = Mixed{"func2c", []Dim{{3, true}, {5, true}, {}, {}}, 2, func(z []float64) float64 {
	x, y := z[2], z[3]
	var v float64
	switch level(z[0], 3) {
	case 0: // a saddle
		v = 0.5 * (float64(x*x) - float64(y*y))
	case 1: // a ridge
		v = 0.8 - math.Abs(x+y-0.3)
	default: // a hill off the middle
		v = elementary.Exp(-2 * (float64((x-0.4)*(x-0.4)) + float64((y+0.6)*(y+0.6))))
	}
	return v + [5]float64{0, 0.4, -1, 1, 0.2}[level(z[1], 5)]
}}

// Wordings is like a choice of how to ask: one of twenty wordings, of which three are good, an amount that is best in the middle and matters more
// with a good wording, a switch, and two continuous coordinates that hardly matter.
var Wordings = Mixed{"wordings", []Dim{{20, true}, {5, false}, {2, true}, {}, {}}, 1.55, func(z []float64) float64 {
	good := 0.2
	switch level(z[0], 20) {
	case 7:
		good = 0.6
	case 12:
		good = 1
	case 18:
		good = 0.8
	}
	v := float64(good * (1 - float64(0.25*math.Abs(float64(level(z[1], 5)-3)))))
	if level(z[2], 2) == 1 {
		v += 0.5
	}
	return v + float64(0.05*(1-float64(z[3]*z[3])))
}}
