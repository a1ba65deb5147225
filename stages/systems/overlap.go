package systems

import (
	"context"
	"fmt"
	"math"
	"slices"

	"slm/data/exam"
	"slm/result"
	"slm/stages"
)

// overlap knows nothing and asks nobody: it takes the option that shares the most words with the question, rare ones counting more. What it answers
// above chance the questions give away.
var overlap = Spec{
	Name: Overlap, Label: "word overlap", Gets: "no model: the option with most words of the question", Kind: Control,
	Cost:     func(int, *stages.Rates) stages.Cost { return stages.Cost{} },
	Optional: true, Chooses: true, // the default list stays what it was in older recipes
	Note: givenAway,
	Open: func(_ context.Context, r *Resources) (System, error) {
		var options []string
		for _, q := range r.Items {
			options = append(options, q.Choices...)
		}
		if len(r.Items) > 0 && len(options) == 0 {
			return nil, fmt.Errorf("%w: the questions have no options", ErrUnavailable)
		}
		return overlapping{options}, nil
	},
}

// Overlap is the control without a model, which every table has where there are options.
const Overlap = "overlap"

type overlapping struct{ options []string }

// Answer implements System. Of options with the same score the first is taken.
func (s overlapping) Answer(_ context.Context, qs []Question) ([]Answer, error) {
	out := make([]Answer, len(qs))
	for i, q := range qs {
		out[i].Picked = -1
		if len(q.Choices) == 0 {
			continue
		}
		options := s.options
		if options == nil { // a question by itself
			options = q.Choices
		}
		scores := exam.NewOverlap(options).Scores(q.Text, q.Choices)
		best := slices.Max(scores)
		out[i].Picked, out[i].Scores = slices.Index(scores, best), scores
	}
	return out, nil
}

// givenAway notes that overlap answers more than chance: two standard deviations above it.
func givenAway(rows []result.Row) string {
	right, expected, variance, n := 0, 0.0, 0.0, 0
	for _, r := range rows {
		if len(r.Choices) == 0 {
			continue
		}
		p := 1 / float64(len(r.Choices))
		n, expected, variance = n+1, expected+p, variance+float64(p*(1-p))
		if r.Correct {
			right++
		}
	}
	if n == 0 || float64(right) <= expected+2*math.Sqrt(variance) {
		return ""
	}
	return fmt.Sprintf("The words that question and option share answer %d of %d questions, and chance %.0f: part of what a system has right here it need not know.", right, n, expected)
}
