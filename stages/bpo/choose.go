package bpo

import (
	"context"
	"fmt"
	"math"
	"slices"

	"slm/optim/bayes"
	"slm/report/stat"
	"slm/rng"
)

// outcome is what a search ends in.
type outcome struct {
	winner      *trial // of the search; zero when z = 0 stays
	verdict     string // in words
	control     string // in words; empty without the control
	correlation float64
}

// comparison of two prompts on the held-out items.
type comparison struct {
	right, base int           // items answered right
	gain        stat.Interval // of the objective
}

// choose scores the best of the search again on the held-out items, and z = 0 beside them. The best one there is taken if it is ahead of
// z = 0 in the objective and not behind in right answers; the words say whether the interval of its gain excludes 0.
func (s *search) choose(ctx context.Context) (*outcome, error) {
	base, err := s.again(ctx, "valid", kindValid, s.zero)
	if err != nil {
		return nil, err
	}
	s.valid = []*trial{base}
	best, err := s.top(ctx, s.trials, "valid", kindValid, &s.valid)
	if err != nil {
		return nil, err
	}
	c, err := s.compare(best, base)
	if err != nil {
		return nil, err
	}
	out := &outcome{winner: s.zero, correlation: s.correlation()}
	out.verdict = fmt.Sprintf("trial %d, the best of %d on %d held-out questions, answers %d right where z = 0 answers %d; gain of the objective %s",
		best.index, len(s.valid)-1, len(s.held), c.right, c.base, interval(c.gain))
	switch {
	case c.gain.Value <= 0 || c.right < c.base:
		out.verdict = "z = 0 is kept, no better soft prompt was found: " + out.verdict
	case c.gain.Low > 0:
		out.winner = s.find(best)
		out.verdict = "a soft prompt is taken, and its gain is shown: " + out.verdict + ", which excludes 0"
	default:
		out.winner = s.find(best)
		out.verdict = "a soft prompt is taken as the better guess, no improvement is shown: " + out.verdict + ", which holds 0"
	}
	if len(s.control) > 1 {
		return out, s.chooseControl(ctx, out, best)
	}
	return out, nil
}

// chooseControl treats random search in the same way and says how the two compare.
func (s *search) chooseControl(ctx context.Context, out *outcome, best *trial) error {
	other, err := s.top(ctx, s.control, "valid-random", kindValidR, &s.validR)
	if err != nil {
		return err
	}
	c, err := s.compare(best, other)
	if err != nil {
		return err
	}
	word := "no difference is shown"
	switch {
	case c.gain.Low > 0:
		word = "the search is better"
	case c.gain.High < 0:
		word = "random search is better"
	}
	out.control = fmt.Sprintf("random search, %d trials with %d questions where the search had %d trials with %d: its best answers %d of %d held-out questions right, the search's %d; difference of the objective %s: %s",
		len(s.control)-1, asked(s.control[1:]), len(s.trials)-1, asked(s.trials[1:]), c.base, len(s.held), c.right, interval(c.gain), word)
	return nil
}

// top scores an arm's best trials on the held-out items, adds them to list, and returns the one with the largest objective there.
func (s *search) top(ctx context.Context, arm []*trial, name, kind string, list *[]*trial) (*trial, error) {
	ranked, err := s.rank(arm)
	if err != nil {
		return nil, err
	}
	var best *trial
	for _, t := range ranked[:min(s.cfg.Final.Best, len(ranked))] {
		v, err := s.again(ctx, name, kind, t)
		if err != nil {
			return nil, err
		}
		*list = append(*list, v)
		if best == nil || objective(v) > objective(best) {
			best = v
		}
	}
	return best, nil
}

// rank sorts an arm's trials, z = 0 left out, by the posterior mean of their gain, which trusts a few items less than many.
func (s *search) rank(arm []*trial) ([]*trial, error) {
	g, err := bayes.Fit(observations(arm, s.zero), s.cfg.Soft.Dim, rng.New(s.seed, "bpo", "rank"))
	if err != nil {
		return nil, fmt.Errorf("bpo: rank trials: %w", err)
	}
	ranked := slices.Clone(arm[1:])
	mean := make(map[*trial]float64, len(ranked))
	for _, t := range ranked {
		mean[t], _ = g.Predict(t.z)
	}
	slices.SortStableFunc(ranked, func(a, b *trial) int {
		switch {
		case mean[a] > mean[b]:
			return -1
		case mean[a] < mean[b]:
			return 1
		}
		return 0
	})
	return ranked, nil
}

// again scores a trial's soft prompt on all held-out items.
func (s *search) again(ctx context.Context, arm, kind string, t *trial) (*trial, error) {
	v := &trial{index: t.index, kind: kind, z: t.z}
	return v, s.extend(ctx, arm, v, s.held, len(s.held))
}

// find is the trial of the search that was scored again as v.
func (s *search) find(v *trial) *trial {
	i := slices.IndexFunc(s.trials, func(t *trial) bool { return t.index == v.index })
	return s.trials[i]
}

func objective(t *trial) (mean float64) {
	for _, r := range t.results {
		mean += r.Objective / float64(len(t.results))
	}
	return mean
}

// compare pairs two prompts on the held-out items.
func (s *search) compare(a, b *trial) (c comparison, err error) {
	scores := func(t *trial) (out []float64) {
		for _, r := range t.results {
			out = append(out, r.Objective)
		}
		return out
	}
	c.right, c.base = right(a.results), right(b.results)
	if c.gain, err = stat.Difference(scores(a), scores(b), stat.Options{Stream: rng.New(s.seed, "bpo", "bootstrap")}); err != nil {
		return c, fmt.Errorf("bpo: compare on held-out items: %w", err)
	}
	return c, nil
}

// correlation of the objective with right answers over the trials' gains. A search on an objective that does not go with accuracy
// searches for something else.
func (s *search) correlation() float64 {
	var x, y []float64
	for _, t := range s.trials[1:] {
		n := len(t.results)
		g, _ := gain(t, s.zero, n)
		x = append(x, g)
		y = append(y, float64(right(t.results)-right(s.zero.results[:n]))/float64(n))
	}
	var mx, my, xx, yy, xy float64
	for i := range x {
		mx += x[i] / float64(len(x))
		my += y[i] / float64(len(x))
	}
	for i := range x {
		xx += (x[i] - mx) * (x[i] - mx)
		yy += (y[i] - my) * (y[i] - my)
		xy += (x[i] - mx) * (y[i] - my)
	}
	return xy / math.Sqrt(xx*yy)
}

func interval(i stat.Interval) string {
	return fmt.Sprintf("%+.3f [%+.3f, %+.3f]", i.Value, i.Low, i.High)
}
