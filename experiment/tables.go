package experiment

import (
	"slices"

	"slm/stat"
)

// tables are an experiment's rows by variant, exam and system.
type tables struct {
	e         *Experiment
	variants  []string
	exams     []string
	systems   []string
	questions map[[2]string]Question
	counts    map[string]map[[2]string]bool  // by measure
	rows      map[[3]string]map[uint64][]Row // by variant, exam, system; then by seed
}

// matrix is one system of one variant on the scored questions of one exam: seeds × items.
type matrix struct {
	seeds   []uint64
	items   [][2]string
	cluster []int
	rows    [][]Row
	right   [][]float64
}

func (m *matrix) share(i int) (sum float64) {
	for _, row := range m.right {
		sum += row[i]
	}
	return sum / float64(len(m.right))
}

func tabulate(e *Experiment) *tables {
	t := &tables{e: e, questions: map[[2]string]Question{}, counts: map[string]map[[2]string]bool{}, rows: map[[3]string]map[uint64][]Row{}}
	for _, q := range e.Questions {
		t.questions[[2]string{q.Exam, q.Item}] = q
	}
	for _, v := range e.Variants {
		if len(e.Seeds(v.Name)) > 0 {
			t.variants = append(t.variants, v.Name)
		}
	}
	for _, r := range e.Rows {
		if !slices.Contains(t.exams, r.Exam) {
			t.exams = append(t.exams, r.Exam)
		}
		if !slices.Contains(t.systems, r.System) {
			t.systems = append(t.systems, r.System)
		}
		at := [3]string{r.Variant, r.Exam, r.System}
		if t.rows[at] == nil {
			t.rows[at] = map[uint64][]Row{}
		}
		t.rows[at][r.Seed] = append(t.rows[at][r.Seed], r)
	}
	return t
}

// scores is the matrix of a system under a measure; nil where the variant did not run it with every seed, or the measure says nothing of it. Items are in the order of the questions.
func (t *tables) scores(of, variant, exam, system string) *matrix {
	m := &matrix{seeds: slices.Sorted(slices.Values(t.e.Seeds(variant)))}
	bySeed, counted := t.rows[[3]string{variant, exam, system}], t.counted(of)
	if of != Accuracy && !names(bySeed) {
		return nil
	}
	numbers := map[string]int{}
	for _, q := range t.e.Questions {
		if at := [2]string{q.Exam, q.Item}; q.Exam == exam && counted[at] {
			if _, ok := numbers[q.Cluster]; !ok {
				numbers[q.Cluster] = len(numbers)
			}
			m.items, m.cluster = append(m.items, at), append(m.cluster, numbers[q.Cluster])
		}
	}
	for _, seed := range m.seeds {
		byItem := map[string]Row{}
		for _, r := range bySeed[seed] {
			byItem[r.Item] = r
		}
		var rows []Row
		var right []float64
		for _, at := range m.items {
			r, ok := byItem[at[1]]
			if !ok {
				return nil
			}
			rows, right = append(rows, r), append(right, stat.Floats([]bool{measures[of].right(r)})[0])
		}
		m.rows, m.right = append(m.rows, rows), append(m.right, right)
	}
	if len(m.items) == 0 || len(m.right) == 0 {
		return nil
	}
	return m
}

// pickedOf is the option that a row has picked, as text.
func (t *tables) pickedOf(r Row) string {
	choices := t.questions[[2]string{r.Exam, r.Item}].Choices
	switch {
	case r.Picked >= 0 && int(r.Picked) < len(choices):
		return choices[r.Picked]
	case r.Reason != "":
		return "no answer: " + r.Reason
	}
	return "none"
}

// lines are the figures of each system of each variant.
func (t *tables) lines() (out []Line, err error) {
	for _, exam := range t.exams {
		for _, system := range t.systems {
			for _, variant := range t.variants {
				bySeed := t.rows[[3]string{variant, exam, system}]
				if len(bySeed) == 0 {
					continue
				}
				l := Line{Variant: variant, Exam: exam, System: system, Seeds: len(bySeed)}
				var all []Row
				for _, seed := range t.e.Seeds(variant) {
					all = append(all, bySeed[seed]...)
				}
				if m := t.scores(Accuracy, variant, exam, system); m != nil {
					c, err := stat.Cross(m.cluster, level, m.right)
					if err != nil {
						return nil, err
					}
					low, high := max(c.Low, 0), min(c.High, 1)
					l.Accuracy, l.Low, l.High = &c.Value, &low, &high
					l.Harm = harm(m, t.scores(Accuracy, variant, exam, "llm"), system)
				}
				if err := l.count(all); err != nil {
					return nil, err
				}
				out = append(out, l)
			}
		}
	}
	return out, nil
}

// harm is the share of what the LLM alone has right that a system has wrong, over all seeds; nil without such answers.
func harm(m, alone *matrix, system string) *float64 {
	if alone == nil || system == "llm" {
		return nil
	}
	var right, lost float64
	for s := range m.right {
		for i, v := range m.right[s] {
			right += alone.right[s][i]
			lost += float64(alone.right[s][i] * (1 - v))
		}
	}
	if right == 0 {
		return nil
	}
	share := lost / right
	return &share
}

// count fills what is a mean over rows.
func (l *Line) count(rows []Row) error {
	var p []float64
	var right []bool
	names := slices.ContainsFunc(rows, func(r Row) bool { return r.Placed != nil })
	mean := func(of func(Row) (*bool, bool)) *float64 {
		sum, n := 0.0, 0.0
		for _, r := range rows {
			if v, counts := of(r); counts {
				if n++; v != nil && *v {
					sum++
				}
			}
		}
		if n == 0 {
			return nil
		}
		sum /= n
		return &sum
	}
	l.Evidence = mean(func(r Row) (*bool, bool) { return r.Found, r.Found != nil })
	if names { // a question of which no place was named is one of which the place is not right
		l.Place = mean(func(r Row) (*bool, bool) { return r.Placed, r.Found != nil })
		l.Text = mean(func(r Row) (*bool, bool) { return r.Begins, r.Found != nil })
	}
	for _, r := range rows {
		l.Calls += float64(r.Calls) / float64(len(rows))
		l.Tokens += float64(r.Tokens) / float64(len(rows))
		if r.Reason != "" {
			l.NoAnswer++
		}
		if r.Scored && r.Confidence != nil {
			p, right = append(p, min(*r.Confidence, 1)), append(right, r.Correct)
		}
	}
	if len(p) == 0 {
		return nil
	}
	reliable, err := stat.Reliable(p, right, bins)
	if err != nil {
		return err
	}
	l.ECE, l.Brier = &reliable.ECE, &reliable.Brier
	return nil
}
