package bpo

import (
	"math"

	"slm/data/exam"
	"slm/scripts/benchmark/duel"
	"slm/stages/bpo"
	"slm/stat"
)

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
