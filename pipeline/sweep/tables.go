package sweep

import (
	"fmt"
	"strconv"

	"slm/internal/grid"
	"slm/pipeline/study"
	"slm/report"
)

// Tables are the tables of a sweep: what it came to, which key mattered, all trials.
func (s *Summary) Tables() []grid.Table {
	result := grid.Table{Title: "Result", Left: 1, Head: []string{"of", s.Objective.Name}, Rows: [][]string{
		{"the recipe itself", figure(s.Own)},
		{fmt.Sprintf("the best, trial %d", s.Best.Trial), figure(s.Best.Value)},
	}}
	keys := grid.Table{Title: "Keys", Left: 2, Head: []string{"key", "searched", "recipe", "best", "share", "95 % interval"}}
	for j, k := range s.Keys {
		row := []string{k.Key, s.Params[j].String()[len(k.Key)+1:], k.Own, k.Best, "–", "–"}
		if k.Share != nil {
			row[4], row[5] = percent(*k.Share), percent(*k.Low)+" to "+percent(*k.High)
		}
		keys.Rows = append(keys.Rows, row)
	}
	trials := grid.Table{Title: "Trials", Left: 2, Head: []string{"trial", "from"}}
	for _, p := range s.Params {
		trials.Head = append(trials.Head, p.Key)
	}
	trials.Head = append(trials.Head, "state", s.Objective.Name, "SD", "on rungs", "tokens", "chance")
	for _, t := range s.trials {
		row := append([]string{strconv.FormatInt(t.Trial, 10), t.Kind}, t.Values...)
		state, onRungs, chance := t.State, "", "–"
		if t.Best {
			state = "best"
		}
		for _, v := range t.Rungs {
			onRungs += fmt.Sprintf(" %.4f", v)
		}
		if onRungs == "" {
			onRungs = " –"
		}
		if t.Chance != nil {
			chance = percent(*t.Chance)
		}
		trials.Rows = append(trials.Rows, append(row, state, figure(t.Value), figure(t.SD), onRungs[1:], strconv.FormatInt(t.Tokens, 10), chance))
	}
	failed := grid.Table{Title: "Failed", Left: 2, Head: []string{"trial", "why"}}
	for _, t := range s.trials {
		if t.State == Failed {
			failed.Rows = append(failed.Rows, []string{strconv.FormatInt(t.Trial, 10), t.Why})
		}
	}
	return []grid.Table{result, keys, trials, failed}
}

// Text is the summary for a terminal.
func (s *Summary) Text() string { return study.Render("text", s.Tables(), s.Notes) }

// figure is a value, or a dash.
func figure(v *float64) string {
	if v == nil {
		return "–"
	}
	return fmt.Sprintf("%.4f", *v)
}

func percent(v float64) string { return fmt.Sprintf("%.0f %%", 100*v) }

// headline says what came of it.
func (s *Summary) headline() string {
	switch {
	case s.Best.Kind == kindRecipe:
		return fmt.Sprintf("No trial was better than the recipe itself: %s %s.", s.Objective.Name, figure(s.Own))
	case s.Own == nil:
		return fmt.Sprintf("Trial %d is the best: %s %s. The recipe itself failed.", s.Best.Trial, s.Objective.Name, figure(s.Best.Value))
	}
	return fmt.Sprintf("Trial %d is the best: %s %s, where the recipe itself has %s.", s.Best.Trial, s.Objective.Name, figure(s.Best.Value), figure(s.Own))
}

// page is the sweep as its report shows it.
func (s *sweep) page(sum *Summary) *report.Sweep {
	p := &report.Sweep{Name: s.Name, Recipe: s.Base.Name, Objective: s.Objective.Name, Means: s.Objective.Means, Stage: s.On, Headline: sum.headline(), Notes: sum.Notes}
	for j, k := range sum.Keys {
		key := report.SweepKey{Name: k.Key, Levels: s.Params[j].levels(), Log: s.Params[j].Scale == scaleLog}
		if k.Share != nil {
			key.Share, key.Low, key.High, key.Known = *k.Share, *k.Low, *k.High, true
		}
		for _, t := range sum.trials {
			if z, ok := s.Params[j].Coordinate(t.Values[j]); ok && t.Value != nil {
				x, err := strconv.ParseFloat(t.Values[j], 64)
				if key.Levels != nil || err != nil {
					x = float64(s.Params[j].Dim().Level(z))
				}
				key.At = append(key.At, report.SweepPoint{X: x, Y: *t.Value, Best: t.Best})
			}
		}
		p.Keys = append(p.Keys, key)
	}
	for _, t := range sum.trials {
		p.Trials = append(p.Trials, report.SweepTrial{State: t.State, Best: t.Best, Own: t.Kind == kindRecipe, At: t.At, Loss: t.Loss, Value: t.Value})
	}
	for _, t := range sum.Tables() {
		if len(t.Rows) > 0 {
			p.Tables = append(p.Tables, report.StudyTable{Title: t.Title, Head: t.Head, Left: t.Left, Rows: t.Rows})
		}
	}
	return p
}
