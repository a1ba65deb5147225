package task

import (
	"context"
	"fmt"
	"slices"

	"slm/data/corpus"
	"slm/data/exam"
	"slm/data/taskrow"
	"slm/retrieve"
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
}

// block is how many rows are answered between two looks at the context, and two lines of progress.
const block = 64

// answers gives the held-out rows to the small model and to the search, and calibrates both on those for dev.
func (m *labelled) answers(ctx context.Context, env *stages.Env, model *reader) (out []Answer, curve stat.Logistic, err error) {
	near, err := retrieve.OpenKeyword(texts(m.known))
	if err != nil {
		return nil, curve, fmt.Errorf("task: %w", err)
	}
	defer func() { _ = near.Close() }() // in memory
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
			return nil, curve, fmt.Errorf("task: ask the small model: %w", err)
		}
		ours = append(ours, said...)
		for _, text := range asked {
			g, err := nearest(ctx, near, m, text)
			if err != nil {
				return nil, curve, fmt.Errorf("task: %w", err)
			}
			theirs = append(theirs, g)
		}
		env.Emit(stages.Event{Type: "step", Stage: stages.Task, Phase: "answer", Step: from + len(part), Of: len(m.held)})
	}
	for i, r := range m.held {
		out[i] = Answer{ID: r.ID, Split: r.Split, Text: r.Text, Label: r.Target, Model: name(m.labels, ours[i]), Nearest: name(m.labels, theirs[i])}
	}
	if curve, err = calibrate(m.held, m.labels, ours); err != nil {
		return nil, curve, err
	}
	other, err := calibrate(m.held, m.labels, theirs)
	if err != nil {
		return nil, curve, err
	}
	for i := range out {
		out[i].Sure, out[i].NearestSure = curve.At(ours[i].seen), other.At(theirs[i].seen)
	}
	return out, curve, nil
}

// texts are sections without their names: by these a search would find labels, and not texts.
func texts(known []corpus.Section) corpus.Slice {
	out := make(corpus.Slice, len(known))
	for i, sec := range known {
		out[i] = corpus.Section{ID: sec.ID, Text: sec.Text}
	}
	return out
}

// lookAt is how many texts a search finds to say how far the best is above that of another label.
const lookAt = 50

// nearest is the label of the text that BM25 finds first, with its score and how far it is above the first text of another label.
func nearest(ctx context.Context, search retrieve.Retriever, m *labelled, text string) (guess, error) {
	hits, err := search.Search(ctx, text, lookAt)
	if err != nil || len(hits) == 0 {
		return guess{-1, []float64{0, 0}}, err
	}
	label := m.known[hits[0].Section].Title
	next := 0.0
	if i := slices.IndexFunc(hits, func(h retrieve.Hit) bool { return m.known[h.Section].Title != label }); i >= 0 {
		next = hits[i].Score
	}
	return guess{slices.Index(m.labels, label), []float64{hits[0].Score, hits[0].Score - next}}, nil
}

func name(labels []string, g guess) string {
	if g.label < 0 {
		return ""
	}
	return labels[g.label]
}

// calibrate fits how probable it is that a label is the right one, on the dev rows; those of none have no right one.
func calibrate(rows []taskrow.Row, labels []string, said []guess) (stat.Logistic, error) {
	var x [][]float64
	var right []bool
	for i, r := range rows {
		if r.Split == exam.Dev {
			x, right = append(x, said[i].seen), append(right, r.Target != "" && name(labels, said[i]) == r.Target)
		}
	}
	fit, err := stat.FitLogistic(x, right)
	if err != nil {
		return fit, fmt.Errorf("task: calibrate: %w", err)
	}
	return fit, nil
}
