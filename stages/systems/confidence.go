package systems

import (
	"context"
	"fmt"
	"slices"

	"slm/data/exam"
	"slm/stages/knowledge"
	"slm/stat"
)

// Confidence turns what was seen while a place was guessed into the probability that it is the right one. It is fitted on questions about the
// development sections, which no model was asked about in training: those of the exam, and by heading and by quotation.
type Confidence struct {
	Items int           `json:"items"` // questions
	Right int           `json:"right"` // of them, how many places were right
	Curve stat.Logistic `json:"curve"` // over what is seen
}

// Known is a development question with its right place.
type Known struct{ Question, Place string }

// Bounds of the development questions that a confidence is fitted on: with fewer it would be a guess, more take time and change little.
const (
	fewestKnown = 8
	mostKnown   = 600
	mostFound   = 120 // for search, which is slow with large corpora
)

// guess is a place that was named or found for a question. More of what is seen never makes it less probable; nothing is seen of a place that the
// corpus does not have.
type guess struct {
	place string
	seen  []float64
}

// guesser guesses the places of questions.
type guesser func(ctx context.Context, qs []Question) ([]guess, error)

// of is how probable it is that a guess is right; nil where that cannot be told because there were too few development questions. A
// place that the corpus does not have is never right.
func (c Confidence) of(g guess) *float64 {
	var p float64
	switch {
	case g.seen == nil:
	case c.Items < fewestKnown:
		return nil
	default:
		p = c.Curve.At(g.seen)
	}
	return &p
}

// calibrated is the confidence in the guesses of a name, fitted at first use on at most so many questions.
func (r *Resources) calibrated(ctx context.Context, name string, most int, guesses guesser) (Confidence, error) {
	if c, ok := r.Confidences[name]; ok {
		return c, nil
	}
	var c Confidence
	var x [][]float64
	var right []bool
	var known []Known
	if r.Dev != nil {
		known = exam.Evenly(r.Dev(), most)
	}
	told := func(step int) {
		if r.Fitting != nil && len(known) > 0 {
			r.Fitting(step, len(known))
		}
	}
	told(0)
	for block := range slices.Chunk(known, Block) {
		qs := make([]Question, len(block))
		for i, k := range block {
			qs[i].Text = k.Question
		}
		got, err := guesses(ctx, qs)
		if err != nil {
			return c, fmt.Errorf("calibrate %s: %w", name, err)
		}
		for i, g := range got {
			ok := g.place == block[i].Place
			if c.Items++; ok {
				c.Right++
			}
			if g.seen != nil {
				x, right = append(x, g.seen), append(right, ok)
			}
		}
		told(c.Items)
	}
	if len(x) < fewestKnown {
		c.Items = len(x)
	} else {
		var err error
		if c.Curve, err = stat.FitLogistic(x, right); err != nil {
			return c, err
		}
	}
	if r.Confidences == nil {
		r.Confidences = map[string]Confidence{}
	}
	r.Confidences[name] = c
	return c, nil
}

// named is what is seen of a place that a small model names: its log-probability, how far any other is behind, and what the question names.
func (r *Resources) named(question string, p knowledge.Piece) guess {
	g := guess{place: p.Place}
	if _, ok := r.Corpus.At(p.Place); ok {
		g.seen = append([]float64{p.LogProb, p.Margin}, r.Corpus.Names(question, p.Place).seen()...)
	}
	return g
}

// surePlaces is how sure a small model is of the places that it named.
func (r *Resources) surePlaces(ctx context.Context, speaker string, qs []Question, pieces []knowledge.Piece) ([]*float64, error) {
	c, err := r.calibrated(ctx, speaker, mostKnown, func(ctx context.Context, qs []Question) ([]guess, error) {
		pieces, err := r.ask(ctx, speaker, r.Speakers[speaker].Name, qs)
		out := make([]guess, len(pieces))
		for i, p := range pieces {
			out[i] = r.named(qs[i].Text, p)
		}
		return out, err
	})
	if err != nil {
		return nil, err
	}
	out := make([]*float64, len(pieces))
	for i, p := range pieces {
		out[i] = c.of(r.named(qs[i].Text, p))
	}
	return out, nil
}

// judge says in answers what place the small model named and, where that is wanted, how sure it is of it.
func (r *Resources) judge(ctx context.Context, speaker string, qs []Question, pieces []knowledge.Piece, answers []Answer) error {
	for i, p := range pieces {
		answers[i].Named = p.Place
	}
	if !r.Judge || !r.Places {
		return nil
	}
	sure, err := r.surePlaces(ctx, speaker, qs, pieces)
	if err != nil {
		return err
	}
	for i := range answers {
		answers[i].Confidence = sure[i]
	}
	return nil
}
