package bpo

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"slm/data/exam"
	"slm/optim/bayes"
	"slm/rng"
	"slm/stat"
)

// outcome is what a search ends in.
type outcome struct {
	winner      *trial // of the search; zero when z = 0 stays
	verdict     string // in words
	controls    []note // one a control, in words
	selection   selection
	correlation float64
}

// note is what is said about a control.
type note struct{ name, text string }

// comparison of two prompts on the same held-out items.
type comparison struct {
	right, base int           // items answered right
	gain        stat.Interval // of the objective
}

// choose scores the best of each arm again on the items of the choice, the best of those on the items of the check, and z = 0 on both. The
// search's is taken if it is ahead of z = 0 in the choice, not behind there in right answers, and not behind in the check either. The gain
// that is told is that of the check, which no part of the search has seen.
func (s *search) choose(ctx context.Context) (*outcome, error) {
	s.zeroChoice, s.zeroCheck = &trial{kind: kindZero, z: s.zero.z}, &trial{kind: kindZero, z: s.zero.z}
	if err := s.measure(ctx, armChoice+armSearch, s.zeroChoice, s.choice); err != nil {
		return nil, err
	}
	if err := s.measure(ctx, armCheck+armSearch, s.zeroCheck, s.checked); err != nil {
		return nil, err
	}
	for _, a := range append([]*arm{s.own}, s.controls...) {
		if err := s.final(ctx, a); err != nil {
			return nil, err
		}
	}
	out := &outcome{winner: s.zero, correlation: s.correlation(), selection: s.selection(s.own)}
	if s.own.check == nil {
		out.verdict = "no prompt is used: no trial has scores that say anything"
		return out, nil
	}
	best := s.own.choice[0]
	chosen, err := s.compare(best, s.zeroChoice)
	if err != nil {
		return nil, err
	}
	c, err := s.compare(s.own.check, s.zeroCheck)
	if err != nil {
		return nil, err
	}
	noun, none := "prompt", "none is used"
	if s.wide() {
		noun, none = "delivery", "the recipe's is kept"
	}
	figures := fmt.Sprintf("trial %d was the best of %d on %d questions kept for the choice, with %d right against %d without it; on %d more, which no part of the search has seen, %d against %d, gain of the objective %s",
		best.index, len(s.own.choice), len(s.choice), chosen.right, chosen.base, len(s.checked), c.right, c.base, interval(c.gain))
	switch {
	case chosen.gain.Value <= 0 || chosen.right < chosen.base || c.gain.Value < 0 || c.right < c.base:
		out.verdict = fmt.Sprintf("no %s proved better, so %s: %s", noun, none, figures)
	case c.gain.Low > 0:
		out.winner = s.find(best)
		out.verdict = fmt.Sprintf("a %s is used, and its gain is shown: %s, which excludes 0", noun, figures)
	default:
		out.winner = s.find(best)
		out.verdict = fmt.Sprintf("a %s is used as the better guess, no improvement is shown: %s, which holds 0", noun, figures)
	}
	return out, s.compareControls(out)
}

// final scores an arm's best trials on the items of the choice, and the best one there on those of the check.
func (s *search) final(ctx context.Context, a *arm) error {
	ranked, err := s.rank(a)
	if err != nil {
		return err
	}
	for _, t := range ranked[:min(s.cfg.Final.Best, len(ranked))] {
		v := t.again()
		if err := s.extend(ctx, armChoice+a.name, v, s.choice, len(s.choice)); err != nil {
			return err
		}
		if v.refused == "" {
			a.choice = append(a.choice, v)
		}
	}
	slices.SortStableFunc(a.choice, func(x, y *trial) int { return byGain(x, y, s.zeroChoice, len(s.choice)) })
	for i, t := range a.choice {
		v := t.again()
		if err := s.extend(ctx, armCheck+a.name, v, s.checked, len(s.checked)); err != nil {
			return err
		}
		if v.refused == "" {
			a.check, a.choice = v, a.choice[i:]
			return nil
		}
	}
	return nil
}

// again is a trial's prompt without its results.
func (t *trial) again() *trial { return &trial{index: t.index, kind: t.kind, z: t.z, prompt: t.prompt} }

// compareControls says how the search's best does in the check against that of each control.
func (s *search) compareControls(out *outcome) error {
	for _, a := range s.controls {
		if a.check == nil {
			continue
		}
		c, err := s.compare(s.own.check, a.check)
		if err != nil {
			return err
		}
		word := "no difference is shown"
		switch {
		case c.gain.Low > 0:
			word = "the search is better"
		case c.gain.High < 0:
			word = "the control is better"
		}
		out.controls = append(out.controls, note{a.name, fmt.Sprintf("%s, %d trials with %d questions where the search had %d trials with %d: its best answers %d of the %d questions of the check right, the search's %d; difference of the objective %s: %s",
			label(a.name), len(a.trials)-1, asked(a.trials[1:]), len(s.own.trials)-1, asked(s.own.trials[1:]), c.base, len(s.checked), c.right, interval(c.gain), word)})
	}
	return nil
}

// label names a control in words.
func label(name string) string {
	return map[string]string{random: "random search", sobol: "a Sobol sequence", evolution: "CMA-ES", text: "paraphrases in words", single: "one change at a time"}[base(name)]
}

// rank sorts an arm's trials, the refused left out, by the posterior mean of their gain, which trusts a few items less than many.
// Prompts in words have no place in the box: those that came furthest are first.
func (s *search) rank(a *arm) ([]*trial, error) {
	ranked := slices.DeleteFunc(slices.Clone(a.trials[1:]), func(t *trial) bool { return t.refused != "" || len(t.results) == 0 })
	if len(ranked) == 0 {
		return nil, nil
	}
	if base(a.name) == text {
		slices.SortStableFunc(ranked, func(x, y *trial) int {
			if d := len(y.results) - len(x.results); d != 0 {
				return d
			}
			return byGain(x, y, s.zero, len(x.results))
		})
		return ranked, nil
	}
	g, err := s.fit(observations(a.trials, s.zero), rng.New(s.seed, "bpo", "rank"))
	if err != nil {
		return nil, fmt.Errorf("bpo: rank trials: %w", err)
	}
	byBelief(g, ranked, func(t *trial) []float64 { return t.z })
	return ranked, nil
}

// byBelief sorts trials by the posterior mean of their gain, the best first, and equals as they were.
func byBelief[T any](g *bayes.GP, trials []T, point func(T) []float64) {
	type believed struct {
		trial T
		mean  float64
	}
	list := make([]believed, len(trials))
	for i, t := range trials {
		list[i].trial = t
		list[i].mean, _ = g.Predict(point(t))
	}
	slices.SortStableFunc(list, func(x, y believed) int { return cmp.Compare(y.mean, x.mean) })
	for i, b := range list {
		trials[i] = b.trial
	}
}

// find is the trial of the search that was scored again as v.
func (s *search) find(v *trial) *trial {
	i := slices.IndexFunc(s.own.trials, func(t *trial) bool { return t.index == v.index })
	return s.own.trials[i]
}

// objective is the mean over a trial's items; 0 without any.
func objective(t *trial) (mean float64) {
	for _, r := range t.results {
		mean += r.Objective / float64(len(t.results))
	}
	return mean
}

// compare pairs two prompts on held-out items.
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

// correlation of the objective with right answers over the trials' gains; NaN where either is the same for all. A search on an objective
// that does not go with accuracy searches for something else.
func (s *search) correlation() float64 {
	var x, y []float64
	for _, t := range s.own.trials[1:] {
		if n := len(t.results); n > 0 {
			g, _ := gain(t, s.zero, n)
			x = append(x, g)
			y = append(y, float64(right(t.results)-right(s.zero.results[:n]))/float64(n))
		}
	}
	return correlate(x, y)
}

func correlate(x, y []float64) float64 {
	var mx, my, xx, yy, xy float64
	for i := range x {
		mx += x[i] / float64(len(x))
		my += y[i] / float64(len(x))
	}
	for i := range x {
		xx += float64((x[i] - mx) * (x[i] - mx))
		yy += float64((y[i] - my) * (y[i] - my))
		xy += float64((x[i] - mx) * (y[i] - my))
	}
	return xy / math.Sqrt(xx*yy)
}

func interval(i stat.Interval) string {
	return fmt.Sprintf("%+.3f [%+.3f, %+.3f]", i.Value, i.Low, i.High)
}

// digests of the items, part by part.
func (s *search) digests() []string {
	return []string{exam.Digest(s.items), exam.Digest(s.choice), exam.Digest(s.checked)}
}
