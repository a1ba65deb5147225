package bayes

import (
	"math"

	"slm/internal/elementary"
)

// Kernel is the shape of a covariance function k(q) of q = Σ_j ((x_j - x'_j)/l_j)². The variance k(0) is 1.
type Kernel int

const (
	// Either takes the kernel under which the observations have the higher posterior density; where they are noisy and that says little, RBF.
	Either Kernel = iota
	// RBF is exp(-q/2), whose draws are smooth.
	RBF
	// Matern52 is (1 + √(5q) + 5q/3)·exp(-√(5q)), whose draws have two derivatives.
	Matern52
)

// at returns k(q) and dk/dq.
func (k Kernel) at(q float64) (value, slope float64) {
	if k == Matern52 {
		r := math.Sqrt(5 * q)
		e := elementary.Exp(-r)
		return float64((1 + r + float64(r*r/3)) * e), float64(-5.0 / 6 * (1 + r) * e)
	}
	value = elementary.Exp(-0.5 * q)
	return value, float64(-0.5 * value)
}

func (k Kernel) String() string {
	switch k {
	case RBF:
		return "rbf"
	case Matern52:
		return "matern52"
	}
	return "either"
}

// distance is q between two points, with scale_j = 1/l_j.
func distance(a, b, scale []float64) (q float64) {
	b, scale = b[:len(a)], scale[:len(a)]
	for j, v := range a {
		r := (v - b[j]) * scale[j]
		q += float64(r * r)
	}
	return q
}
