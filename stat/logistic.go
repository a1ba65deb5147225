package stat

import (
	"fmt"
	"math"

	"slm/internal/elementary"
)

// Logistic is a calibrated probability: 1/(1 + exp(−(Bias + Σ Weights[i]·x[i]))).
type Logistic struct {
	Bias    float64   `json:"bias"`
	Weights []float64 `json:"weights"`
}

// At is the probability at x.
func (l Logistic) At(x []float64) float64 { return 1 / (1 + elementary.Exp(-l.LogOdds(x))) }

// LogOdds is log(p/(1−p)) of the probability at x.
func (l Logistic) LogOdds(x []float64) float64 {
	z := l.Bias
	for i, w := range l.Weights {
		z += float64(w * x[i])
	}
	return z
}

// LogOdds is log(p/(1−p)) of a probability, which is first brought to least … 1−least.
func LogOdds(p, least float64) float64 {
	p = min(max(p, least), 1-least)
	return elementary.Log(p / (1 - p))
}

// FitLogistic fits a logistic curve to cases that turned out right or wrong, by Platt's method ("Probabilistic Outputs for Support Vector
// Machines", 1999): maximum likelihood with targets (n₊+1)/(n₊+2) and 1/(n₋+2) instead of 1 and 0, so that the curve stays finite where the
// cases can be separated. More of a feature never means less probable: one that would has no weight. All rows of x have the same length.
func FitLogistic(x [][]float64, right []bool) (Logistic, error) {
	if len(x) == 0 || len(x) != len(right) {
		return Logistic{}, fmt.Errorf("%w: %d cases with %d outcomes", ErrItems, len(x), len(right))
	}
	good := 0
	for _, r := range right {
		if r {
			good++
		}
	}
	target := make([]float64, len(right))
	for i, r := range right {
		if target[i] = 1 / float64(len(right)-good+2); r {
			target[i] = float64(good+1) / float64(good+2)
		}
	}
	use := make([]bool, len(x[0]))
	for i := range use {
		use[i] = true
	}
	for {
		fit := newton(x, target, use)
		worst := -1
		for i, w := range fit.Weights {
			if w < 0 && (worst < 0 || w < fit.Weights[worst]) {
				worst = i
			}
		}
		if worst < 0 {
			return fit, nil
		}
		use[worst] = false
	}
}

// ridge keeps the weights of features finite that do not vary, or only together.
const ridge = 1e-3

// newton maximises the likelihood over bias and the weights in use, from 0, by Newton's steps that are halved until they climb.
func newton(x [][]float64, target []float64, use []bool) Logistic {
	at := []int{}
	for i, u := range use {
		if u {
			at = append(at, i)
		}
	}
	n := len(at) + 1
	feature := func(row []float64, j int) float64 {
		if j == 0 {
			return 1
		}
		return row[at[j-1]]
	}
	loss := func(w []float64) (sum float64) {
		for i, row := range x {
			z := 0.0
			for j := range n {
				z += float64(w[j] * feature(row, j))
			}
			sum += math.Max(z, 0) + elementary.Log1p(elementary.Exp(-math.Abs(z))) - float64(target[i]*z)
		}
		for _, v := range w[1:] {
			sum += float64(ridge * v * v / 2)
		}
		return sum
	}
	w := make([]float64, n)
	for range 100 {
		gradient, hessian := make([]float64, n), make([][]float64, n)
		for j := range n {
			if hessian[j] = make([]float64, n); j > 0 {
				gradient[j], hessian[j][j] = ridge*w[j], ridge
			}
		}
		for i, row := range x {
			z := 0.0
			for j := range n {
				z += float64(w[j] * feature(row, j))
			}
			p := 1 / (1 + elementary.Exp(-z))
			for j := range n {
				gradient[j] += float64((p - target[i]) * feature(row, j))
				for k := range n {
					hessian[j][k] += float64(p * (1 - p) * feature(row, j) * feature(row, k))
				}
			}
		}
		step := solve(hessian, gradient)
		before, scale := loss(w), 1.0
		next := make([]float64, n)
		for ; scale > 1e-9; scale /= 2 {
			for j := range n {
				next[j] = w[j] - float64(scale*step[j])
			}
			if loss(next) <= before {
				break
			}
		}
		gain := before - loss(next)
		if !(gain >= 0) {
			break
		}
		w = next
		if gain < 1e-12*(1+math.Abs(before)) {
			break
		}
	}
	fit := Logistic{Bias: w[0], Weights: make([]float64, len(use))}
	for j, i := range at {
		fit.Weights[i] = w[j+1]
	}
	return fit
}

// solve solves a·x = b by elimination with pivots. Where a is singular it takes no step along what is not determined.
func solve(a [][]float64, b []float64) []float64 {
	n := len(b)
	x := append([]float64(nil), b...)
	for c := range n {
		p := c
		for r := c; r < n; r++ {
			if math.Abs(a[r][c]) > math.Abs(a[p][c]) {
				p = r
			}
		}
		a[c], a[p], x[c], x[p] = a[p], a[c], x[p], x[c]
		if math.Abs(a[c][c]) < 1e-12 {
			x[c] = 0
			continue
		}
		for r := range n {
			if f := a[r][c] / a[c][c]; r != c {
				for k := c; k < n; k++ {
					a[r][k] -= float64(f * a[c][k])
				}
				x[r] -= float64(f * x[c])
			}
		}
	}
	for c := range n {
		if math.Abs(a[c][c]) >= 1e-12 {
			x[c] /= a[c][c]
		}
	}
	return x
}
