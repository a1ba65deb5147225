package main

import (
	"fmt"
	"io"
	"math"
	"slices"
	"text/tabwriter"

	"slm/data/exam"
	"slm/rng"
	"slm/scripts/duel"
	"slm/stages/bpo"
	"slm/stat"
)

// step is the best prompt's held-out accuracy from some call on.
type step struct {
	Calls    int     `json:"calls"`
	Accuracy float64 `json:"accuracy"`
}

// curve is one search.
type curve struct {
	Seed   uint64 `json:"seed"`
	Calls  int    `json:"calls"`
	Trials int    `json:"trials"`
	Steps  []step `json:"steps"`

	right []float64 // what the last step answers right on the held-out questions
}

func (c *curve) step(calls int, right []float64) {
	c.Steps, c.right = append(c.Steps, step{calls, duel.Mean(right)}), right
	c.Calls = max(c.Calls, calls)
}

// last is what the search ends in.
func (c *curve) last() float64 { return c.Steps[len(c.Steps)-1].Accuracy }

// reaches is the call from which on the accuracy stays at a target or above; 0 = it does not.
func (c *curve) reaches(target float64) int {
	at := 0
	for _, s := range c.Steps {
		switch {
		case s.Accuracy < target-1e-9:
			at = 0
		case at == 0:
			at = s.Calls
		}
	}
	return at
}

// setting is a model and what all methods made of it.
type setting struct {
	Name        string             `json:"name"`
	Items       int                `json:"items"`
	Held        int                `json:"held"`
	Zero        float64            `json:"zero"`   // held-out accuracy without a soft prompt
	Target      float64            `json:"target"` // median of what the published BLADE ends in, less a point
	Correlation map[string]float64 `json:"correlation"`
	Turned      map[string]*turned `json:"turned"`
	Methods     []*method          `json:"methods"`

	zero                []float64 // its right answers
	gains, logs, shares []float64 // of trials: of the margin, of the log share, of right answers
}

// method is a way of searching, over all seeds.
type method struct {
	Name      string        `json:"method"`
	Runs      []*curve      `json:"runs"`
	Calls     stat.Interval `json:"calls"` // median to the target; one that does not reach it counts as more than all calls
	Reached   int           `json:"reached"`
	Final     stat.Interval `json:"final"` // mean held-out accuracy
	Gain      stat.Interval `json:"gain"`  // of that over z = 0
	P         float64       `json:"p"`     // Wilcoxon, calls to the target against BLADE's
	PAccuracy float64       `json:"p_accuracy"`
}

func (s *setting) find(name string) *method {
	for _, m := range s.Methods {
		if m.Name == name {
			return m
		}
	}
	m := &method{Name: name}
	s.Methods = append(s.Methods, m)
	return m
}

func (s *setting) add(name string, seed uint64, c *curve) {
	c.Seed = seed
	m := s.find(name)
	m.Runs = append(m.Runs, c)
}

// turned counts what prompts do to single answers on the questions of a search.
type turned struct {
	Prompts int     `json:"prompts"`
	Wrong   float64 `json:"wrong"`       // answers that z = 0 has wrong, summed over prompts
	Up      float64 `json:"wrong_right"` // those of them that a prompt turns right
	Right   float64 `json:"right"`       // answers that z = 0 has right
	Down    float64 `json:"right_wrong"`
}

// turn counts a prompt's answers against those of z = 0.
func (s *setting) turn(kind string, zero, right []float64) {
	t := s.Turned[kind]
	if t == nil {
		t = &turned{}
		s.Turned[kind] = t
	}
	t.Prompts++
	for i, r := range right {
		t.Right += zero[i]
		t.Wrong += 1 - zero[i]
		t.Up += r * (1 - zero[i])
		t.Down += zero[i] * (1 - r)
	}
}

// learn takes what the trials of a seed say of single answers, of accuracy, and of two objectives: the margin, which the search uses, and the
// logarithm of the right option's share.
func (s *setting) learn(w *world, rows []bpo.TrialRow, items []exam.Item) {
	zero := rows[0]
	for _, r := range rows[1:] {
		zeros, answers := floats(zero.Answers), floats(r.Answers)
		if r.Arm == "text" {
			s.turn("words", zeros, answers)
			continue
		}
		if r.Fidelity == 0 {
			continue
		}
		s.turn("ours", zeros, answers)
		var right, log float64
		for i, a := range r.Answers {
			right += float64(a-zero.Answers[i]) / float64(r.Fidelity)
			log += (w.logShare(r.Text[i], items[i]) - w.logShare(zero.Text[i], items[i])) / float64(r.Fidelity)
		}
		s.gains, s.logs, s.shares = append(s.gains, r.Gain), append(s.logs, log), append(s.shares, right)
	}
}

func floats(x []int32) []float64 {
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = float64(v)
	}
	return out
}

func pearson(x, y []float64) float64 {
	var mx, my, xx, yy, xy float64
	for i := range x {
		mx, my = mx+x[i]/float64(len(x)), my+y[i]/float64(len(x))
	}
	for i := range x {
		xx, yy, xy = xx+(x[i]-mx)*(x[i]-mx), yy+(y[i]-my)*(y[i]-my), xy+(x[i]-mx)*(y[i]-my)
	}
	if xx == 0 || yy == 0 {
		return 0
	}
	return xy / math.Sqrt(xx*yy)
}

// spent is the calls to a target, and more than all calls where it is not reached.
func (m *method) spent(target float64) []float64 {
	out := make([]float64, len(m.Runs))
	for i, c := range m.Runs {
		if out[i] = float64(c.reaches(target)); out[i] == 0 {
			out[i] = math.Inf(1)
		}
	}
	return out
}

func (s *setting) finish() error {
	last := func(m *method) (out []float64) {
		for _, c := range m.Runs {
			out = append(out, c.last())
		}
		return out
	}
	base := s.find("blade")
	s.Zero, s.Target = duel.Mean(s.zero), duel.Median(last(base))-0.01
	s.Correlation = map[string]float64{"margin": pearson(s.gains, s.shares), "log share": pearson(s.logs, s.shares)}
	for _, m := range s.Methods {
		calls, theirs := m.spent(s.Target), base.spent(s.Target)
		for _, c := range calls {
			if !math.IsInf(c, 1) {
				m.Reached++
			}
		}
		m.Calls = medianInterval(calls)
		m.Final, m.Gain = crossed(m.Runs, nil), crossed(m.Runs, s.zero)
		if m == base {
			continue
		}
		var err error
		if m.P, err = signedRanks(calls, theirs); err != nil {
			return err
		}
		if m.PAccuracy, err = signedRanks(last(m), last(base)); err != nil {
			return err
		}
	}
	return nil
}

// signedRanks is Wilcoxon's p. What was not reached ranks behind all that was.
func signedRanks(a, b []float64) (float64, error) {
	whole := func(x []float64) []float64 {
		x = slices.Clone(x)
		for i, v := range x {
			if math.IsInf(v, 1) {
				x[i] = 1e6
			}
		}
		return x
	}
	r, err := stat.Wilcoxon(whole(a), whole(b))
	return r.P, err
}

// medianInterval is the median and its 95 % bootstrap interval; infinite where so many runs do not reach the target.
func medianInterval(x []float64) stat.Interval {
	draw := rng.New(1, "bench", "median")
	medians := make([]float64, 2000)
	for r := range medians {
		again := make([]float64, len(x))
		for i := range again {
			again[i] = x[draw.IntN(len(x))]
		}
		medians[r] = duel.Median(again)
	}
	slices.Sort(medians)
	return stat.Interval{Value: duel.Median(x), Low: medians[49], High: medians[1949]}
}

// crossed is the mean of what runs end in on the held-out questions, less zero's answers if there are any, and its 95 % bootstrap interval: seeds
// and questions are both drawn again, for other seeds would be asked other questions.
func crossed(runs []*curve, zero []float64) stat.Interval {
	questions := len(runs[0].right)
	at := func(run, q int) float64 {
		if zero == nil {
			return runs[run].right[q]
		}
		return runs[run].right[q] - zero[q]
	}
	value := func(run, q func(int) int) (sum float64) {
		for r := range runs {
			for i := range questions {
				sum += at(run(r), q(i)) / float64(len(runs)*questions)
			}
		}
		return sum
	}
	same := func(i int) int { return i }
	draw := rng.New(1, "bench", "crossed")
	means := make([]float64, 2000)
	for b := range means {
		rs, qs := make([]int, len(runs)), make([]int, questions)
		for i := range rs {
			rs[i] = draw.IntN(len(rs))
		}
		for i := range qs {
			qs[i] = draw.IntN(len(qs))
		}
		means[b] = value(func(i int) int { return rs[i] }, func(i int) int { return qs[i] })
	}
	slices.Sort(means)
	return stat.Interval{Value: value(same, same), Low: means[49], High: means[1949]}
}

// print writes the table for people.
func (s *setting) print(out io.Writer) error {
	if _, err := fmt.Fprintf(out, "%s: %d seeds, %d questions a prompt, %d held out; z = 0 has %.1f %% there. Target: BLADE's median less a point, %.1f %%. Gains of %d trials in accuracy correlate with those in margin by %.2f, in log share by %.2f.\n",
		s.Name, len(s.Methods[0].Runs), s.Items, s.Held, 100*s.Zero, 100*s.Target, len(s.gains), s.Correlation["margin"], s.Correlation["log share"]); err != nil {
		return err
	}
	for _, kind := range []string{"ours", "words", "published"} {
		if t := s.Turned[kind]; t != nil {
			if _, err := fmt.Fprintf(out, "A prompt (%s, mean of %d) turns %.1f %% of the wrong answers right and %.1f %% of the right ones wrong.\n", kind, t.Prompts, percent(t.Up, t.Wrong), percent(t.Down, t.Right)); err != nil {
				return err
			}
		}
	}
	w := tabwriter.NewWriter(out, 2, 4, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "method\tcalls to the target\treached\tp\tall calls\theld-out accuracy\tgain over z = 0\tp against BLADE") // Flush tells
	for _, m := range s.Methods {
		var all []float64
		for _, c := range m.Runs {
			all = append(all, float64(c.Calls))
		}
		_, _ = fmt.Fprintf(w, "%s\t%s [%s, %s]\t%d/%d\t%.3g\t%.0f\t%.1f %% [%.1f, %.1f]\t%+.1f [%+.1f, %+.1f]\t%.3g\n",
			m.Name, number(m.Calls.Value), number(m.Calls.Low), number(m.Calls.High), m.Reached, len(m.Runs), m.P, duel.Median(all),
			100*m.Final.Value, 100*m.Final.Low, 100*m.Final.High, 100*m.Gain.Value, 100*m.Gain.Low, 100*m.Gain.High, m.PAccuracy)
	}
	return w.Flush()
}

func percent(part, whole float64) float64 { return 100 * part / math.Max(1, whole) }

func number(v float64) string {
	if math.IsInf(v, 1) {
		return "never"
	}
	return fmt.Sprintf("%.0f", v)
}
