// Package functions holds test functions for optimisers, each to be maximised over [-1,1]^d and with a known maximum. It optimises nothing.
package functions

import (
	"math"

	"slm/internal/elementary"
	"slm/rng"
)

// Function is one of them. All are the usual ones with their sign flipped.
type Function struct {
	Name  string
	Dim   int
	Max   float64                   // the largest value
	Floor float64                   // no value is smaller
	At    func(z []float64) float64 // z in [-1,1]^Dim
}

// All are the functions that scripts/bench bo compares optimisers on.
var All = []Function{Branin, Hartmann6, Ackley10, Branin10}

// Branin on [-5,10]×[0,15]: three maxima of equal height (Dixon & Szegö 1978).
var Branin = Function{"branin", 2, -0.39788735772973816, -308.2, branin}

// Branin10 is Branin in the third and the eighth of ten coordinates; the others do nothing.
var Branin10 = Function{"branin10", 10, Branin.Max, Branin.Floor, func(z []float64) float64 { return branin([]float64{z[2], z[7]}) }}

// Hartmann6 on [0,1]^6: six maxima of different height (Hartman 1973).
var Hartmann6 = Function{"hartmann6", 6, 3.32236801141551, 0, hartmann6}

// Ackley10 on [-5,10]^10: a cone under ripples, its top off the centre of the box (Ackley 1987).
var Ackley10 = Function{"ackley10", 10, 0, -20 - math.E, ackley}

func branin(z []float64) float64 {
	x, y := -5+float64(7.5*(z[0]+1)), float64(7.5*(z[1]+1))
	a := y - float64(5.1/(4*math.Pi*math.Pi)*x*x) + float64(5/math.Pi*x) - 6
	return -(float64(a*a) + float64(10*(1-1/(8*math.Pi))*elementary.Cos(x)) + 10)
}

func hartmann6(z []float64) float64 {
	alpha := [4]float64{1, 1.2, 3, 3.2}
	a := [4][6]float64{{10, 3, 17, 3.5, 1.7, 8}, {0.05, 10, 17, 0.1, 8, 14}, {3, 3.5, 1.7, 10, 17, 8}, {17, 8, 0.05, 10, 0.1, 14}}
	p := [4][6]float64{{1312, 1696, 5569, 124, 8283, 5886}, {2329, 4135, 8307, 3736, 1004, 9991},
		{2348, 1451, 3522, 2883, 3047, 6650}, {4047, 8828, 8732, 5743, 1091, 381}}
	var sum float64
	for i := range alpha {
		var q float64
		for j := range 6 {
			r := float64((z[j]+1)/2) - p[i][j]/1e4
			q += float64(a[i][j] * r * r)
		}
		sum += float64(alpha[i] * elementary.Exp(-q))
	}
	return sum
}

func ackley(z []float64) float64 {
	var squares, cosines float64
	for _, v := range z {
		x := -5 + float64(7.5*(v+1))
		squares += x * x / float64(len(z))
		cosines += elementary.Cos(2*math.Pi*x) / float64(len(z))
	}
	return float64(20*elementary.Exp(-0.2*math.Sqrt(squares))) + elementary.Exp(cosines) - 20 - math.E
}

// Share is the value at z as the chance of a right answer: .1 at the floor, .9 at the maximum.
func (f Function) Share(z []float64) float64 { return 0.1 + 0.8*(f.At(z)-f.Floor)/(f.Max-f.Floor) }

// Right counts the right answers to n questions at z, binomial with chance Share. Equal streams toss equal coins.
func (f Function) Right(z []float64, n int, coins *rng.Stream) (right int) {
	share := f.Share(z)
	for range n {
		if coins.Float64() < share {
			right++
		}
	}
	return right
}
