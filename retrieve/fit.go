package retrieve

import (
	"context"
	"fmt"
	"math"

	"slm/internal/elementary"
)

// Case is a question as the fit of a fusion sees it: the standardised scores of some sections by each signal, and which of them are right.
type Case struct {
	Scores [][]float64 // [section][signal]
	Right  []bool      // at least one
	Weight float64     // that the question has in the fit; 0 counts as 1
}

// caseDepth is how many sections of each signal a case has, from the best on: with more the fit takes longer and comes to the same.
const caseDepth = 40

// NewCase takes the sections that any signal has among its first, and the right ones.
func NewCase(ctx context.Context, signals []Scorer, q Asked) (Case, error) {
	all := make([][]float64, len(signals))
	in := map[int]bool{}
	for j, s := range signals {
		scores, err := s.Scores(ctx, q.Question)
		if err != nil {
			return Case{}, err
		}
		all[j] = Standard(scores)
		for _, h := range best(all[j], caseDepth) {
			if h.Score > 0 {
				in[h.Section] = true
			}
		}
	}
	right := map[int]bool{}
	for _, i := range q.Sections {
		in[i], right[i] = true, true
	}
	var c Case
	if len(all) == 0 {
		return c, nil
	}
	for i := range all[0] {
		if in[i] {
			row := make([]float64, len(signals))
			for j := range row {
				row[j] = all[j][i]
			}
			c.Scores, c.Right = append(c.Scores, row), append(c.Right, right[i])
		}
	}
	return c, nil
}

// Fit finds the weights of a fusion: those that maximise the mean log-probability that the softmax of the weighted scores gives to the right
// sections (a conditional logit, McFadden 1974; ListNet's loss with the right ones as target), less ridge/2 times the square of each weight's
// distance from its start. No weight is negative: a signal that would need one says nothing. O(steps · cases · sections · signals).
func Fit(cases []Case, start []float64, ridge float64) ([]float64, error) {
	for i, c := range cases {
		if len(c.Scores) != len(c.Right) || len(c.Scores) == 0 || len(c.Scores[0]) != len(start) {
			return nil, fmt.Errorf("retrieve: fit: case %d has %d sections, %d of them judged, and there are %d signals", i, len(c.Scores), len(c.Right), len(start))
		}
	}
	w := append([]float64(nil), start...)
	if len(cases) == 0 {
		return w, nil
	}
	loss, gradient := likelihood(cases, w, start, ridge)
	rate := 1.0
	const most, enough = 500, 1e-9
	for range most {
		next := make([]float64, len(w))
		var after float64
		var slope []float64
		for {
			moved := 0.0
			for j := range w {
				next[j] = math.Max(0, w[j]-float64(rate*gradient[j]))
				moved += float64((next[j] - w[j]) * (next[j] - w[j]))
			}
			if after, slope = likelihood(cases, next, start, ridge); after <= loss-moved/(4*rate) || rate < 1e-9 {
				break
			}
			rate /= 2
		}
		if !(loss-after > enough) {
			break
		}
		w, loss, gradient, rate = next, after, slope, rate*1.5
	}
	return w, nil
}

// likelihood is the negative mean log-probability of the right sections with its penalty, and its gradient.
func likelihood(cases []Case, w, start []float64, ridge float64) (loss float64, gradient []float64) {
	gradient = make([]float64, len(w))
	var n float64
	for _, c := range cases {
		weight := c.Weight
		if weight == 0 {
			weight = 1
		}
		n += weight
		z := make([]float64, len(c.Scores))
		top := math.Inf(-1)
		for i, row := range c.Scores {
			for j, x := range row {
				z[i] += float64(w[j] * x)
			}
			top = math.Max(top, z[i])
		}
		var sum, right float64
		for i := range z {
			z[i] = elementary.Exp(z[i] - top)
			if sum += z[i]; c.Right[i] {
				right += z[i]
			}
		}
		loss -= float64(weight * elementary.Log(math.Max(right, 1e-300)/sum))
		for i, row := range c.Scores {
			p := z[i] / sum
			if c.Right[i] {
				p -= z[i] / math.Max(right, 1e-300)
			}
			for j, x := range row {
				gradient[j] += float64(weight * p * x)
			}
		}
	}
	loss /= n
	for j := range gradient {
		gradient[j] = gradient[j]/n + float64(ridge*(w[j]-start[j]))
		loss += float64(ridge / 2 * (w[j] - start[j]) * (w[j] - start[j]))
	}
	return loss, gradient
}
