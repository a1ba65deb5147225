package bpo

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"slm/data/exam"
	"slm/optim/bayes"
	"slm/rng"
)

// TrialRow is a row of trials.arrow. The rows of the search alone rebuild its optimiser.
type TrialRow struct {
	Arm         string    `arrow:"arm"`   // search; random, sobol, cma, text; choice/ or check/ before those: scored again on held-out items
	Trial       int64     `arrow:"trial"` // number within its arm
	Kind        string    `arrow:"kind"`  // how the prompt came about: zero, before, sobol, log_ei, random, cma, text
	Z           []float64 `arrow:"z"`
	Prompt      string    `arrow:"prompt"`           // in words; z is empty then
	Fidelity    int64     `arrow:"fidelity"`         // items it was scored on
	Score       float64   `arrow:"score"`            // share of them answered right
	Correct     int64     `arrow:"correct"`          // number of them answered right
	Objective   float64   `arrow:"objective"`        // mean over them
	Gain        float64   `arrow:"gain"`             // mean objective less that of z = 0 on the same items
	Squares     float64   `arrow:"squares"`          // sum of squares of the differences about that mean
	GainSD      float64   `arrow:"gain_sd"`          // standard deviation of that mean
	Predicted   float64   `arrow:"predicted"`        // gain that the model expected when it proposed the point; 0 for other kinds
	PredictedSD float64   `arrow:"predicted_sd"`     // and its standard deviation; 0 for other kinds
	Asked       int64     `arrow:"asked"`            // questions, also those answered from memory
	Calls       int64     `arrow:"calls"`            // that its questions take of the black box
	Paid        int64     `arrow:"paid"`             // of these, for questions that this arm had not asked before with the same knowledge
	Tokens      int64     `arrow:"tokens"`           // of the paid ones, prompts and replies,
	Written     int64     `arrow:"written,optional"` // and of them those of the replies
	Best        bool      `arrow:"best"`             // this prompt was taken
	Refused     string    `arrow:"refused"`          // why its scores could not be used
	Text        []string  `arrow:"text"`             // place that the small model named for each item; with one step, the text
	Objectives  []float64 `arrow:"objectives"`       // for each item
	Answers     []int32   `arrow:"answers"`          // for each item: 1 right, 0 wrong, -1 no answer
}

// TextRow is a row of texts.arrow: what the small model recites from a place.
type TextRow struct {
	Place string `arrow:"place"`
	Text  string `arrow:"text"`
}

// ItemRow is a row of items.arrow: the questions of each part, in the order in which trials.arrow has their results.
type ItemRow struct {
	Part     string `arrow:"part"` // search, choice, check; before: of none, a question alone, which led to the prompts that the search begins with
	Item     string `arrow:"item"`
	Question string `arrow:"question"`
	Answer   string `arrow:"answer"` // the right option
}

// Model is the process that the search of a table ends with: what it believes of the gain anywhere in the space. knobs are those of a search of
// more than the soft prompt.
func Model(rows []TrialRow, knobs []KnobRow, seed uint64) (*bayes.GP, error) {
	n := 0
	for _, r := range rows {
		if r.Arm == armSearch {
			n++
		}
	}
	list, err := before(rows, n)
	if err == nil && n == 0 {
		err = errors.New("it has no rows")
	}
	if err != nil {
		return nil, fmt.Errorf("bpo: the table of trials: %w", err)
	}
	return bayes.Model{Space: spaceOf(knobs)}.Fit(observe(list), len(list[0].z), rng.New(seed, "bpo", "rank"))
}

// before is what trials 0 … i-1 of a table have shown.
func before(rows []TrialRow, i int) (list []shown, err error) {
	for _, r := range rows {
		if r.Arm != armSearch || r.Trial >= int64(i) {
			continue
		}
		if r.Trial != int64(len(list)) {
			return nil, fmt.Errorf("row %d of the search is missing", len(list))
		}
		v := shown{z: r.Z, gain: r.Gain, squares: r.Squares}
		if r.Refused == "" {
			v.n = int(r.Fidelity)
		}
		list = append(list, v)
	}
	if len(list) < i {
		return nil, fmt.Errorf("the table ends after trial %d", len(list)-1)
	}
	return list, nil
}

// predict is what the model of the objective expected of trial i when it proposed it.
func (s *search) predict(i int) (mean, sd float64, err error) {
	stream := rng.New(s.seed, "bpo", "propose").At(uint64(i))
	g, err := s.fit(observations(s.own.trials[:i], s.zero), stream.At(0))
	if err != nil {
		return 0, 0, fmt.Errorf("bpo: what was expected of trial %d: %w", i, err)
	}
	mean, variance := g.Predict(s.own.trials[i].z)
	return mean, math.Sqrt(math.Max(0, variance)), nil
}

// table lists all trials: the search, the controls, and the best of all of them on the held-out items.
func (s *search) table(out *outcome) ([]TrialRow, error) {
	var rows []TrialRow
	for i, t := range s.own.trials {
		row := s.row(armSearch, t, s.zero)
		row.Best = t == out.winner
		if t.kind == kindModel {
			var err error
			if row.Predicted, row.PredictedSD, err = s.predict(i); err != nil {
				return nil, err
			}
		}
		rows = append(rows, row)
	}
	for _, a := range s.controls {
		for _, t := range a.trials[1:] {
			rows = append(rows, s.row(a.name, t, s.zero))
		}
	}
	if s.zeroChoice != nil {
		rows = append(rows, s.row(armChoice+armSearch, s.zeroChoice, s.zeroChoice), s.row(armCheck+armSearch, s.zeroCheck, s.zeroCheck))
	}
	for _, a := range append([]*arm{s.own}, s.controls...) {
		for _, t := range a.choice {
			rows = append(rows, s.row(armChoice+a.name, t, s.zeroChoice))
		}
		if a.check != nil {
			rows = append(rows, s.row(armCheck+a.name, a.check, s.zeroCheck))
		}
	}
	return rows, nil
}

// row is a trial's, its gain against base.
func (s *search) row(name string, t, base *trial) TrialRow {
	n := len(t.results)
	row := TrialRow{
		Arm: name, Trial: int64(t.index), Kind: t.kind, Z: t.z, Prompt: t.prompt, Fidelity: int64(n), Correct: int64(right(t.results)),
		Objective: objective(t), Asked: int64(t.asked), Refused: t.refused,
	}
	if n > 0 {
		row.Score = float64(row.Correct) / float64(n)
		row.Gain, row.Squares = gain(t, base, n)
		row.GainSD = math.Sqrt(row.Squares / float64(max(1, n-1)) / float64(n))
	}
	for _, r := range t.results {
		row.Calls += int64(r.Calls)
		if r.Paid {
			row.Paid += int64(r.Calls)
			row.Tokens += int64(r.Tokens)
			row.Written += int64(r.Written)
		}
		said, answer := r.Place, int32(0)
		if s.judge.oneStep {
			said = r.Text
		}
		switch {
		case r.None != nil:
			answer = -1
		case r.Right:
			answer = 1
		}
		row.Text, row.Objectives, row.Answers = append(row.Text, said), append(row.Objectives, r.Objective), append(row.Answers, answer)
	}
	return row
}

// texts lists what the small model recites from each place, sorted by place.
func (s *search) texts() (rows []TextRow) {
	for place, text := range s.judge.texts {
		rows = append(rows, TextRow{place, text})
	}
	slices.SortFunc(rows, func(a, b TextRow) int {
		if a.Place < b.Place {
			return -1
		}
		return 1
	})
	return rows
}

// parts lists the items.
func (s *search) parts() (rows []ItemRow) {
	for _, part := range []struct {
		name  string
		items []exam.Item
	}{{"search", s.items}, {"choice", s.choice}, {"check", s.checked}} {
		for _, it := range part.items {
			rows = append(rows, ItemRow{part.name, it.ID, it.Question, it.Choices[it.Answer]})
		}
	}
	return append(rows, s.from.others(s.items)...)
}
