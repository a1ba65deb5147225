// Package bayes searches a box for the maximum of a function that is dear to evaluate and noisy: Bayesian optimisation with a
// Gaussian process and the logarithm of expected improvement.
//
// It does not evaluate anything and keeps no state. Propose is a pure function of the observations and a random stream, so a
// search that was interrupted is rebuilt from its table of trials alone.
//
// Users speak of points z in [-1,1]^d. Inside, the box is [0,1]^d and values are standardised, which is where the prior holds.
package bayes

import (
	"fmt"
	"math"
)

// Observation is one evaluated point.
type Observation struct {
	Z   []float64 // in [-1,1]^d
	Y   float64   // what was seen; larger is better
	Var float64   // known variance of Y's error, 0 if none is known; the model learns a common variance on top
}

// BinomialVar is the variance of an accuracy of right out of n, shrunk so that it is never 0: with p = (right+1)/(n+2) it is p(1-p)/n.
func BinomialVar(right, n int) float64 {
	if n < 1 {
		return 0.25
	}
	p := float64(right+1) / float64(n+2)
	return p * (1 - p) / float64(n)
}

// check refuses observations that no model could use.
func check(obs []Observation, dim int) error {
	if dim < 1 || dim > MaxDim {
		return fmt.Errorf("bayes: dimension %d is not in 1..%d", dim, MaxDim)
	}
	for i, o := range obs {
		if len(o.Z) != dim {
			return fmt.Errorf("bayes: observation %d has %d coordinates, want %d", i, len(o.Z), dim)
		}
		for j, z := range o.Z {
			if !(z >= -1 && z <= 1) {
				return fmt.Errorf("bayes: observation %d: coordinate %d is %v, outside [-1,1]", i, j, z)
			}
		}
		if math.IsNaN(o.Y) || math.IsInf(o.Y, 0) {
			return fmt.Errorf("bayes: observation %d: value %v is not finite", i, o.Y)
		}
		if !(o.Var >= 0) || math.IsInf(o.Var, 0) {
			return fmt.Errorf("bayes: observation %d: variance %v is negative or not finite", i, o.Var)
		}
	}
	return nil
}
