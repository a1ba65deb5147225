package task

import (
	"context"
	"fmt"

	"slm/data/corpus"
	"slm/data/exam"
	"slm/stages"
	"slm/stat"
)

// AnswersFile is the table of the held-out rows with what was said of them: rows of Answer.
const AnswersFile = "answers.arrow"

// Answer is a held-out row. A label is "" where there is none of them.
type Answer struct {
	ID          string  `arrow:"id"`
	Split       string  `arrow:"split"`
	Text        string  `arrow:"text"`
	Label       string  `arrow:"label"`
	Model       string  `arrow:"model"`        // the small model's label, however sure it is
	Sure        float64 `arrow:"sure"`         // calibrated probability that it is the right one
	Nearest     string  `arrow:"nearest"`      // the label of the nearest known text, by BM25
	NearestSure float64 `arrow:"nearest_sure"` //
	Both        string  `arrow:"both"`         // the label of the surer of the two
	BothSure    float64 `arrow:"both_sure"`    //
}

// block is how many rows are answered between two looks at the context, and two lines of progress.
const block = 64

// curves say how probable it is that a label is the right one.
type curves struct{ model, nearest, both stat.Logistic }

// answers gives the held-out rows to the small model and to the search, and calibrates each and both together on those for dev.
func (m *labelled) answers(ctx context.Context, env *stages.Env, model *reader) (out []Answer, c curves, err error) {
	near, err := newFinder(m.labels, m.known)
	if err != nil {
		return nil, c, err
	}
	defer near.close()
	out = make([]Answer, len(m.held))
	var ours, theirs []guess
	for from := 0; from < len(m.held); from += block {
		part := m.held[from:min(from+block, len(m.held))]
		asked := make([]string, len(part))
		for i, r := range part {
			asked[i] = r.Text
		}
		said, err := model.guess(ctx, asked)
		if err != nil {
			return nil, c, fmt.Errorf("task: ask the small model: %w", err)
		}
		ours = append(ours, said...)
		for _, text := range asked {
			g, err := near.guess(ctx, text)
			if err != nil {
				return nil, c, err
			}
			theirs = append(theirs, g)
		}
		env.Emit(stages.Event{Type: "step", Stage: stages.Task, Phase: "answer", Step: from + len(part), Of: len(m.held)})
	}
	for i, r := range m.held {
		out[i] = Answer{ID: r.ID, Split: r.Split, Text: r.Text, Label: r.Target, Model: name(m.labels, ours[i]), Nearest: name(m.labels, theirs[i])}
	}
	if c.model, err = calibrate(out, func(i int) (string, []float64) { return out[i].Model, ours[i].seen }); err != nil {
		return nil, c, err
	}
	if c.nearest, err = calibrate(out, func(i int) (string, []float64) { return out[i].Nearest, theirs[i].seen }); err != nil {
		return nil, c, err
	}
	for i := range out {
		out[i].Sure, out[i].NearestSure = c.model.At(ours[i].seen), c.nearest.At(theirs[i].seen)
	}
	if c.both, err = calibrate(out, func(i int) (string, []float64) { return out[i].together() }); err != nil {
		return nil, c, err
	}
	for i := range out {
		label, seen := out[i].together()
		out[i].Both, out[i].BothSure = label, c.both.At(seen)
	}
	return out, c, nil
}

// texts are sections without their names: by these a search would find labels, and not texts.
func texts(known []corpus.Section) corpus.Slice {
	out := make(corpus.Slice, len(known))
	for i, sec := range known {
		out[i] = corpus.Section{ID: sec.ID, Text: sec.Text}
	}
	return out
}

func name(labels []string, g guess) string {
	if g.label < 0 {
		return ""
	}
	return labels[g.label]
}

// calibrate fits how probable it is that a label is the right one, on the dev rows; those of none have no right one.
func calibrate(rows []Answer, said func(i int) (label string, seen []float64)) (stat.Logistic, error) {
	var x [][]float64
	var right []bool
	for i, r := range rows {
		if r.Split == exam.Dev {
			label, seen := said(i)
			x, right = append(x, seen), append(right, r.Label != "" && label == r.Label)
		}
	}
	fit, err := stat.FitLogistic(x, right)
	if err != nil {
		return fit, fmt.Errorf("task: calibrate: %w", err)
	}
	return fit, nil
}
