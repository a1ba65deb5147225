package eval

import (
	"fmt"
	"math"
	"slices"

	"slm/result"
	"slm/rng"
	"slm/stat"
)

// pairs are the comparisons that are made when both systems were run: what each part of the method adds, the method against what one
// would use instead of it, and the control against nothing.
var pairs = [][2]string{
	{"blade", "llm"}, {"blade", "blade-z0"}, {"blade-z0", "dp"}, {"blade", "slm"}, {"blade", "rag1"}, {"blade", "rag3"},
	{"rag+blade", "rag1"}, {"rag+blade", "blade"}, {"cite", "blade"}, {"oracle", "blade"}, {"shuffled", "llm"},
}

// recalling are the systems whose knowledge a small model wrote, which alone have recall.
var recalling = []string{"dp", "blade-z0", "blade"}

// answers are one system's rows, in the order of the items.
type answers struct {
	name  string
	rows  []result.Row
	right []bool
}

// summarise computes the table. rows hold every system on the same items in the same order. Every interval is drawn with the same
// resamples of the items, so that the table is paired throughout; it depends on the seed and the rows alone.
func summarise(s *result.Summary, rows []result.Row, truth map[string]bool, n int, seed uint64) error {
	systems, err := bySystem(rows)
	if err != nil {
		return err
	}
	opt := stat.Options{Resamples: n, Stream: rng.New(seed, "eval", "bootstrap")}
	llm, oracle := find(systems, "llm"), find(systems, "oracle")
	s.V, s.Resamples, s.Items, s.Chance = result.Version, n, len(systems[0].rows), chance(systems[0].rows)
	for _, a := range systems {
		sys, err := line(a, llm, oracle, opt)
		if err != nil {
			return fmt.Errorf("eval: statistics of %s: %w", a.name, err)
		}
		s.Systems = append(s.Systems, sys)
		if slices.Contains(recalling, a.name) {
			if r := recallOf(a, truth); r.Items > 0 {
				s.Recall = append(s.Recall, r)
			}
		}
	}
	return compare(s, systems, opt)
}

// bySystem groups rows and checks that the items are the same in all.
func bySystem(rows []result.Row) ([]answers, error) {
	var out []answers
	for _, r := range rows {
		if len(out) == 0 || out[len(out)-1].name != r.System {
			out = append(out, answers{name: r.System})
		}
		a := &out[len(out)-1]
		a.rows, a.right = append(a.rows, r), append(a.right, r.Correct)
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

func find(systems []answers, name string) *answers {
	for i := range systems {
		if systems[i].name == name {
			return &systems[i]
		}
	}
	return nil
}

// chance is the expected accuracy of a guess among each item's options.
func chance(rows []result.Row) float64 {
	sum := 0.0
	for _, r := range rows {
		sum += 1 / float64(len(r.Choices))
	}
	return sum / float64(len(rows))
}

// line computes one system's line of the table.
func line(a answers, llm, oracle *answers, opt stat.Options) (result.System, error) {
	sys := result.System{System: a.name}
	read, alike := false, 0
	for _, r := range a.rows {
		sys.Calls += int(r.Calls)
		sys.Tokens += int(r.Tokens)
		sys.Correct += count(r.Correct)
		sys.Verified += count(r.Verified)
		read = read || r.ByText >= 0
		alike += count(r.ByText == r.Answer)
	}
	if read {
		sys.ByText = &alike
	}
	mean, err := stat.Mean(stat.Floats(a.right), opt)
	if err != nil {
		return sys, err
	}
	sys.Accuracy, sys.Low, sys.High = mean.Value, mean.Low, mean.High
	if llm == nil || a.name == "llm" {
		return sys, nil
	}
	test, err := stat.McNemar(llm.right, a.right)
	if err != nil {
		return sys, err
	}
	sys.McNemarP = &test.P
	harm, err := stat.Harm(llm.right, a.right)
	if err != nil {
		return sys, err
	}
	rate := harm.Rate()
	sys.Harm, sys.HarmCount = &rate, harm.Count
	if oracle == nil {
		return sys, nil
	}
	head, err := stat.Headroom(stat.Floats(llm.right), stat.Floats(a.right), stat.Floats(oracle.right), opt)
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
			r.Option += count(row.ByText == row.Answer)
		}
	}
	return r
}

// compare computes the paired differences, with Holm's correction over all of them.
func compare(s *result.Summary, systems []answers, opt stat.Options) error {
	var ps []float64
	for _, pair := range pairs {
		a, b := find(systems, pair[0]), find(systems, pair[1])
		if a == nil || b == nil {
			continue
		}
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
