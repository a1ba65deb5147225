package bpo

import (
	"context"

	"slm/data/exam"
	"slm/scripts/benchmark/bpo/published"
	"slm/scripts/benchmark/duel"
)

// judge runs a published search on questions, each asked once for a prompt, until it has spent a budget of calls. It returns the held-out
// accuracy of the winner so far, which is the first of those with the highest accuracy on the questions of the search itself, and the trials.
func (w *world) judge(ctx context.Context, search func(context.Context, *published.Search, uint64) error, items []exam.Item, budget int, seed uint64) (*curve, []published.Trial, error) {
	project := w.unscaled(seed)
	s := &published.Search{Most: budget / len(items)}
	s.Score = func(ctx context.Context, z []float64) (published.Trial, error) {
		picks, err := w.picks(ctx, project(z), items)
		if err != nil {
			return published.Trial{}, err
		}
		return published.Trial{Z: z, Picks: picks, Accuracy: duel.Mean(rights(picks, items))}, nil
	}
	if err := search(ctx, s, seed); err != nil {
		return nil, nil, err
	}
	c := &curve{Trials: len(s.Trials), Calls: len(s.Trials) * len(items)}
	best := -1
	for i, t := range s.Trials {
		if best >= 0 && t.Accuracy <= s.Trials[best].Accuracy {
			continue
		}
		best = i
		right, err := w.right(ctx, project(t.Z), w.held)
		if err != nil {
			return nil, nil, err
		}
		c.step((i+1)*len(items), right)
	}
	return c, s.Trials, nil
}
