package bpo

import (
	"fmt"
	"math"

	"slm/internal/elementary"
)

// expectedMax is the expectation of the largest of k independent standard normal numbers: ∫ x k φ(x) Φ(x)^(k-1) dx, by Simpson's rule.
func expectedMax(k int) float64 {
	if k < 2 {
		return 0
	}
	const from, to, steps = -9.0, 9.0, 1800
	const h = (to - from) / steps
	var sum float64
	for i := range steps + 1 {
		x := from + float64(float64(i)*h)
		weight := 4.0
		switch {
		case i == 0 || i == steps:
			weight = 1
		case i%2 == 0:
			weight = 2
		}
		below := 0.5 * elementary.Erfc(-x/math.Sqrt2)
		sum += float64(weight * x * float64(k) * elementary.Exp(-x*x/2) / math.Sqrt(2*math.Pi) * elementary.Pow(below, float64(k-1)))
	}
	return sum * h / 3
}

// selection says how much of the best trial's gain on the items of the search is owed to its being the best: the largest of k prompts that
// are all as good as z = 0 gains expectedMax(k) standard deviations (methods: selection bias). Prompts that behave alike count as fewer
// than k, so it is an upper bound.
type selection struct {
	trial                 int
	k, n                  int
	gain, bias            float64 // of the objective
	share, zero, accuracy float64 // right answers of the trial and of z = 0, and the bias of their difference
}

func (s *search) selection(a *arm) (v selection) {
	best := s.leader(nil, a.trials, 1)
	if best == s.zero {
		return v
	}
	v.trial, v.n = best.index, len(best.results)
	for _, t := range a.trials[1:] {
		if len(t.results) > 0 {
			v.k++
		}
	}
	mean, squares := gain(best, s.zero, v.n)
	v.gain, v.bias = mean, expectedMax(v.k)*math.Sqrt(squares/float64(max(1, v.n-1))/float64(v.n))
	var up, down float64 // answers that turned right, and wrong
	for i, r := range best.results {
		switch b := s.zero.results[i].Right; {
		case r.Right && !b:
			up += 1 / float64(v.n)
		case !r.Right && b:
			down += 1 / float64(v.n)
		}
	}
	v.share, v.zero = float64(right(best.results))/float64(v.n), float64(right(s.zero.results[:v.n]))/float64(v.n)
	v.accuracy = expectedMax(v.k) * math.Sqrt(max(0, up+down-float64((up-down)*(up-down)))/float64(v.n))
	return v
}

// String puts it into words.
func (v selection) String() string {
	if v.k == 0 {
		return "no trial gained anything on the questions of the search"
	}
	return fmt.Sprintf("on the %d questions that it was searched on, trial %d is the best of %d: gain %+.3f, right answers %.1f %% against %.1f %%; up to %+.3f and %+.1f points of that are due to choosing the best of %d",
		v.n, v.trial, v.k, v.gain, 100*v.share, 100*v.zero, v.bias, 100*v.accuracy, v.k)
}
