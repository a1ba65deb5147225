// Package cma is the evolution strategy with covariance matrix adaptation: it samples a normal distribution and moves, scales and rotates it
// towards the samples that did well. Larger values are better.
//
// Strategy is the method on unbounded space, fed with the caller's normal deviates. Box adds the bounds, restarts and a random stream.
package cma

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"sort"

	"slm/internal/elementary"
)

// ErrBroken says that the covariance matrix is no longer one.
var ErrBroken = errors.New("cma: covariance matrix is not positive definite")

// Strategy is the state between generations, after Hansen, "The CMA evolution strategy: a tutorial" (arXiv 1604.00772, 2016 and later),
// with active, that is negative, weights. Path lengths decay as in the author's program cma 4.5: c_σ = (μ+2)/(n+μ+3), at most ½.
type Strategy struct {
	Mean  []float64
	Sigma float64

	n, lambda, mu        int
	weights              []float64 // [λ] positive ones sum to 1
	mueff                float64
	cs, damp, cc, c1, cw float64 // cw: rank-μ
	chi                  float64 // expected length of a normal deviate

	generation int
	cov        matrix    // C
	root       matrix    // C^½
	back       matrix    // C^-½
	axes       []float64 // square roots of C's eigenvalues, ascending
	ps, pc     []float64
}

// DefaultPopulation is λ = 4 + ⌊3 ln n⌋.
func DefaultPopulation(n int) int { return 4 + int(3*elementary.Log(float64(n))) }

// New starts with the normal distribution of a mean and a standard deviation; population 0 means DefaultPopulation.
func New(mean []float64, sigma float64, population int) (*Strategy, error) {
	n := len(mean)
	if population == 0 && n > 0 {
		population = DefaultPopulation(n)
	}
	if n < 1 || population < 3 || !(sigma > 0) || math.IsInf(sigma, 0) {
		return nil, fmt.Errorf("cma: cannot start in %d dimensions with sigma %v and a population of %d", n, sigma, population)
	}
	s := &Strategy{
		Mean: slices.Clone(mean), Sigma: sigma, n: n, lambda: population, mu: population / 2,
		ps: make([]float64, n), pc: make([]float64, n), cov: identity(n),
	}
	above := elementary.Lgamma(float64(n+1) / 2)
	below := elementary.Lgamma(float64(n) / 2)
	s.chi = math.Sqrt2 * elementary.Exp(above-below)
	s.setRates()
	return s, s.decompose()
}

// setRates computes weights and learning rates, the tutorial's table 1 with the c_σ above.
func (s *Strategy) setRates() {
	n, lambda := float64(s.n), float64(s.lambda)
	s.weights = make([]float64, s.lambda)
	var plus, plus2, minus, minus2 float64
	for i := range s.weights {
		w := elementary.Log((lambda+1)/2) - elementary.Log(float64(i+1))
		s.weights[i] = w
		if i < s.mu {
			plus, plus2 = plus+w, plus2+float64(w*w)
		} else {
			minus, minus2 = minus+w, minus2+float64(w*w)
		}
	}
	s.mueff = plus * plus / plus2
	negative := minus * minus / minus2
	s.cs = math.Min(0.5, (s.mueff+2)/(n+s.mueff+3))
	s.damp = 1 + 2*math.Max(0, math.Sqrt((s.mueff-1)/(n+1))-1) + s.cs
	s.cc = (4 + s.mueff/n) / (n + 4 + 2*s.mueff/n)
	s.c1 = float64(2 / (float64((n+1.3)*(n+1.3)) + s.mueff) * math.Min(1, lambda/6))
	s.cw = math.Min(1-s.c1, 2*(0.25+s.mueff-2+1/s.mueff)/(float64((n+2)*(n+2))+s.mueff))
	sum := math.Min(1+s.c1/s.cw, math.Min(1+2*negative/(s.mueff+2), (1-s.c1-s.cw)/(n*s.cw))) // of the negative ones
	for i := range s.weights {
		if s.weights[i] >= 0 {
			s.weights[i] /= plus
		} else {
			s.weights[i] *= sum / -minus
		}
	}
}

// Population is how many samples make a generation.
func (s *Strategy) Population() int { return s.lambda }

// Sample turns n standard normal deviates into a point, m + σ·C^½·z. The symmetric root is used, which unlike the eigenvectors has no
// free signs, so equal deviates give equal points.
func (s *Strategy) Sample(z []float64) []float64 {
	x := s.root.times(z)
	for j := range x {
		x[j] = s.Mean[j] + float64(s.Sigma*x[j])
	}
	return x
}

// Tell closes a generation with its λ points and their values, and moves the distribution. Equal values keep their order. O(n³ + λn²).
func (s *Strategy) Tell(points [][]float64, values []float64) error {
	if len(points) != s.lambda || len(values) != s.lambda {
		return fmt.Errorf("cma: %d points and %d values make no generation of %d", len(points), len(values), s.lambda)
	}
	order := make([]int, s.lambda)
	for i := range order {
		if math.IsNaN(values[i]) {
			return fmt.Errorf("cma: value %d of generation %d is not a number", i, s.generation)
		}
		order[i] = i
	}
	sort.SliceStable(order, func(a, b int) bool { return values[order[a]] > values[order[b]] })
	s.generation++
	steps := make([][]float64, s.lambda) // (x - m)/σ, best first
	shift := make([]float64, s.n)        // of the mean, over σ
	for k, i := range order {
		steps[k] = make([]float64, s.n)
		for j := range s.n {
			steps[k][j] = (points[i][j] - s.Mean[j]) / s.Sigma
			if k < s.mu {
				shift[j] += float64(s.weights[k] * steps[k][j])
			}
		}
	}
	stalled := s.paths(shift)
	s.adapt(steps, stalled)
	for j := range s.n {
		s.Mean[j] += float64(s.Sigma * shift[j])
	}
	s.Sigma *= elementary.Exp(math.Min(1, s.cs/s.damp*(norm(s.ps)/s.chi-1)))
	return s.decompose()
}

// paths updates both evolution paths; stalled says that the one of C was held because the one of σ is long.
func (s *Strategy) paths(shift []float64) (stalled bool) {
	white := s.back.times(shift)
	for j := range s.ps {
		s.ps[j] = float64((1-s.cs)*s.ps[j]) + float64(math.Sqrt(s.cs*(2-s.cs)*s.mueff)*white[j])
	}
	length := norm(s.ps)
	square := length * length / (1 - elementary.Pow(1-s.cs, 2*float64(s.generation)))
	stalled = square/float64(s.n)-1 >= 1+4/float64(s.n+1)
	for j := range s.pc {
		s.pc[j] *= 1 - s.cc
		if !stalled {
			s.pc[j] += float64(math.Sqrt(s.cc*(2-s.cc)*s.mueff) * shift[j])
		}
	}
	return stalled
}

// adapt changes C by the path (rank one) and by the samples (rank μ); a sample of negative weight counts with the length √n it would
// have on average, else a long one could make C indefinite.
func (s *Strategy) adapt(steps [][]float64, stalled bool) {
	keep := 1 - s.c1
	if stalled {
		keep += float64(s.c1 * s.cc * (2 - s.cc))
	}
	for _, w := range s.weights {
		keep -= float64(s.cw * w)
	}
	for _, row := range s.cov {
		for j := range row {
			row[j] *= keep
		}
	}
	s.cov.add(s.c1, s.pc)
	for k, w := range s.weights {
		if w < 0 {
			length := norm(s.back.times(steps[k])) + 1e-9
			w *= float64(s.n) / (length * length)
		}
		s.cov.add(s.cw*w, steps[k])
	}
}

// decompose computes C^½ and C^-½.
func (s *Strategy) decompose() error {
	copied := make(matrix, s.n)
	for i, row := range s.cov {
		copied[i] = slices.Clone(row)
	}
	values, vectors := copied.eigen()
	if slices.ContainsFunc(values, func(v float64) bool { return !(v > 0) || math.IsInf(v, 0) }) {
		return ErrBroken
	}
	s.axes, s.root, s.back = values, newMatrix(s.n), newMatrix(s.n)
	for k, v := range vectors {
		s.axes[k] = math.Sqrt(s.axes[k])
		s.root.add(s.axes[k], v)
		s.back.add(1/s.axes[k], v)
	}
	return nil
}

// spent says that the distribution can no longer find anything new: it is far smaller than it began or C is too ill-conditioned
// (Hansen's TolX and ConditionCov).
func (s *Strategy) spent(smallest float64) bool {
	return s.Sigma*s.axes[s.n-1] < smallest || s.axes[s.n-1] > 1e7*s.axes[0]
}

func norm(x []float64) (sum float64) {
	for _, v := range x {
		sum += float64(v * v)
	}
	return math.Sqrt(sum)
}
