package eval

import (
	"fmt"
	"math"
	"slices"

	"slm/result"
	"slm/rng"
	"slm/stages/systems"
	"slm/stat"
)

// answers are one system's rows, in the order of the items.
type answers struct {
	name  string
	rows  []result.Row
	right []bool // of the rows that are scored
}

// summarise computes the table. rows hold every system on the same items in the same order. Every interval is drawn with the same
// resamples of the items, so that the table is paired throughout; it depends on the seed and the rows alone. truth says which items have a
// true text, has which stages the run.
func summarise(s *result.Summary, rows []result.Row, truth, has map[string]bool, n int, seed uint64) error {
	all, err := bySystem(rows)
	if err != nil {
		return err
	}
	opt := stat.Options{Resamples: n, Stream: rng.New(seed, "eval", "bootstrap")}
	alone, bound := find(all, systems.Alone), bound(all)
	s.V, s.Resamples, s.Items, s.Chance = result.Version, n, len(all[0].rows), chance(all[0].rows)
	s.Unscored = s.Items - len(all[0].right)
	for _, r := range all[0].rows {
		s.Evidence += count(len(r.Right) > 0)
	}
	classes := classesOf(all[0].rows)
	for _, a := range all {
		sys, err := line(a, alone, bound, opt)
		if err != nil {
			return fmt.Errorf("eval: statistics of %s: %w", a.name, err)
		}
		if sys.Evidence, err = evidence(a, opt); err != nil {
			return fmt.Errorf("eval: evidence of %s: %w", a.name, err)
		}
		sys.Free = freeOf(a.rows)
		if classes != nil {
			sys.Balanced, sys.MacroF1 = byClass(a, classes)
		}
		s.Systems = append(s.Systems, sys)
		if spec, ok := systems.Lookup(a.name); ok && spec.Recalls {
			if r := recallOf(a, truth); r.Items > 0 {
				s.Recall = append(s.Recall, r)
			}
		}
	}
	return compare(s, all, has, opt)
}

// bySystem groups rows and checks that the items are the same in all.
func bySystem(rows []result.Row) ([]answers, error) {
	var out []answers
	for _, r := range rows {
		if len(out) == 0 || out[len(out)-1].name != r.System {
			out = append(out, answers{name: r.System})
		}
		a := &out[len(out)-1]
		if a.rows = append(a.rows, r); !r.Unscored {
			a.right = append(a.right, r.Correct)
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("eval: %w", stat.ErrItems)
	}
	for _, a := range out {
		same := slices.EqualFunc(a.rows, out[0].rows, func(x, y result.Row) bool { return x.Item == y.Item })
		if !same {
			return nil, fmt.Errorf("eval: %s: %w", a.name, stat.ErrItems)
		}
	}
	return out, nil
}

func find(all []answers, name string) *answers {
	i := slices.IndexFunc(all, func(a answers) bool { return a.name == name })
	if i < 0 {
		return nil
	}
	return &all[i]
}

// bound is the system that says how far knowledge can lift the black box; nil when none was run.
func bound(all []answers) *answers {
	i := slices.IndexFunc(all, func(a answers) bool { s, _ := systems.Lookup(a.name); return s.Kind == systems.Bound })
	if i < 0 {
		return nil
	}
	return &all[i]
}

// chance is the expected accuracy of a guess among each scored item's options; a free answer is not guessed.
func chance(rows []result.Row) float64 {
	sum, scored := 0.0, 0
	for _, r := range rows {
		if scored += count(!r.Unscored); len(r.Choices) > 0 && !r.Free {
			sum += 1 / float64(len(r.Choices))
		}
	}
	return sum / float64(max(scored, 1))
}

// line computes one system's line of the table.
func line(a answers, alone, bound *answers, opt stat.Options) (result.System, error) {
	sys := result.System{System: a.name}
	read, alike := false, 0
	for _, r := range a.rows {
		sys.Calls += int(r.Calls)
		sys.Tokens += int(r.Tokens)
		sys.Correct += count(r.Correct)
		if r.NoAnswer != "" {
			if sys.NoAnswer == nil {
				sys.NoAnswer = map[string]int{}
			}
			sys.NoAnswer[r.NoAnswer]++
		}
		sys.Verified += count(r.Verified)
		read = read || r.ByText >= 0
		alike += count(r.ByText >= 0 && r.ByText == r.Answer)
	}
	if read {
		sys.ByText = &alike
	}
	if len(a.right) == 0 {
		return sys, nil
	}
	mean, err := stat.Mean(stat.Floats(a.right), opt)
	if err != nil {
		return sys, err
	}
	sys.Accuracy, sys.Low, sys.High = mean.Value, mean.Low, mean.High
	if alone == nil || a.name == alone.name {
		return sys, nil
	}
	test, err := stat.McNemar(alone.right, a.right)
	if err != nil {
		return sys, err
	}
	sys.McNemarP = &test.P
	harm, err := stat.Harm(alone.right, a.right)
	if err != nil {
		return sys, err
	}
	rate := harm.Rate()
	sys.Harm, sys.HarmCount = &rate, harm.Count
	if bound == nil {
		return sys, nil
	}
	head, err := stat.Headroom(stat.Floats(alone.right), stat.Floats(a.right), stat.Floats(bound.right), opt)
	if err != nil {
		return sys, err
	}
	sys.Headroom, sys.HeadroomLow, sys.HeadroomHigh = defined(head.Value), defined(head.Low), defined(head.High)
	return sys, nil
}

func count(b bool) int {
	if b {
		return 1
	}
	return 0
}

// defined is nil for a figure that is none, which JSON cannot hold.
func defined(x float64) *float64 {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return nil
	}
	return &x
}

// recallOf counts how well a small model's text matches the true one, over the items that have a true text.
func recallOf(a answers, truth map[string]bool) result.Recall {
	r := result.Recall{System: a.name}
	for _, row := range a.rows {
		if truth[row.Item] {
			r.Items++
			r.Place += count(row.PlaceOK)
			r.Start += count(row.StartOK)
			r.Option += count(row.ByText >= 0 && row.ByText == row.Answer)
		}
	}
	return r
}

// latest is the method after the last of its stages that was run; nil when none was.
func latest(all []answers) *answers {
	return find(all, systems.Latest(func(name string) bool { return find(all, name) != nil }))
}

// compare computes the paired differences, by topic, with Holm's correction over all of them.
func compare(s *result.Summary, all []answers, has map[string]bool, opt stat.Options) error {
	if len(all[0].right) == 0 {
		return nil
	}
	var ps []float64
	run := func(name string) bool { return find(all, name) != nil }
	for _, made := range systems.Contrasts(run, func(stage string) bool { return has[stage] }) {
		a, b := find(all, made.System), find(all, made.With)
		d, err := stat.Difference(stat.Floats(a.right), stat.Floats(b.right), opt)
		if err != nil {
			return fmt.Errorf("eval: %s against %s: %w", a.name, b.name, err)
		}
		test, err := stat.McNemar(a.right, b.right)
		if err != nil {
			return fmt.Errorf("eval: %s against %s: %w", a.name, b.name, err)
		}
		s.Comparisons = append(s.Comparisons, result.Comparison{System: a.name, Over: b.name, Difference: d.Value, Low: d.Low, High: d.High, McNemarP: test.P})
		ps = append(ps, test.P)
	}
	for i, p := range stat.Holm(ps) {
		s.Comparisons[i].HolmP = p
	}
	return nil
}
