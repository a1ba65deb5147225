package bpo

import (
	"context"
	"errors"
	"fmt"
	"math"

	"slm/data/exam"
	"slm/llm"
	"slm/stages/knowledge"
)

// ErrScores says that the black box's scores cannot tell options apart. A search over such scores would run, and find nothing.
var ErrScores = errors.New("bpo: the scores of the options say nothing")

// result is one question answered with one soft prompt.
type result struct {
	Place     string  `json:"place,omitempty"` // as the small model named it
	Text      string  `json:"text,omitempty"`  // the knowledge
	Objective float64 `json:"objective"`       // ln of the right option's share of likelihood; 1 or 0 where options have no scores
	Right     bool    `json:"right,omitempty"`
	Calls     int     `json:"calls"`          // that the question takes of the black box
	Tokens    int     `json:"tokens"`         // prompts and replies
	Paid      bool    `json:"paid,omitempty"` // this arm had not asked the black box the same before
}

// judge asks the small model and then the black box. The same knowledge for the same question is asked once: many soft prompts make the
// small model name the same place.
type judge struct {
	say     func(ctx context.Context, questions []string, soft []float32) ([]knowledge.Piece, error)
	answer  func(ctx context.Context, qs []llm.Question) ([]llm.Choice, error)
	soft    func(z []float64) []float32
	keep    func(place, text string) // hands a text of the journal back to the small model, so that it is not generated again in another batch
	oneStep bool
	cloze   bool // answers carry a score for each option

	texts map[string]string      // place → text. The first that was generated holds, also after a resume
	known map[[2]string]result   // by item and text
	paid  map[[3]string]struct{} // by arm, item and text
}

// score answers items with the soft prompt of z.
func (j *judge) score(ctx context.Context, arm string, z []float64, items []exam.Item) ([]result, error) {
	questions := make([]string, len(items))
	for i, it := range items {
		questions[i] = it.Question
	}
	pieces, err := j.say(ctx, questions, j.soft(z))
	if err != nil {
		return nil, fmt.Errorf("bpo: ask the small model: %w", err)
	}
	if len(pieces) != len(items) {
		return nil, fmt.Errorf("bpo: %d pieces of knowledge for %d questions", len(pieces), len(items))
	}
	out := make([]result, len(items))
	var ask []int
	var qs []llm.Question
	fresh := map[string]string{}
	for i, p := range pieces {
		text := p.Text
		if p.Place != "" && !j.oneStep {
			if first, ok := j.texts[p.Place]; ok {
				text = first
			} else if first, ok := fresh[p.Place]; ok {
				text = first
			}
			fresh[p.Place] = text
		}
		if r, ok := j.known[[2]string{items[i].ID, text}]; ok {
			out[i] = r
		} else {
			ask = append(ask, i)
			qs = append(qs, llm.Question{Knowledge: text, Question: items[i].Question, Choices: items[i].Choices})
		}
		out[i].Place, out[i].Text = p.Place, text
	}
	if len(qs) > 0 {
		choices, err := j.answer(ctx, qs)
		if err != nil {
			return nil, fmt.Errorf("bpo: ask the black box: %w", err)
		}
		if len(choices) != len(qs) {
			return nil, fmt.Errorf("bpo: %d answers to %d questions", len(choices), len(qs))
		}
		for k, i := range ask {
			if out[i].Objective, err = j.objective(choices[k], items[i]); err != nil {
				return nil, fmt.Errorf("%w (item %s)", err, items[i].ID)
			}
			out[i].Right, out[i].Calls, out[i].Tokens = choices[k].Index == items[i].Answer, choices[k].Calls, choices[k].Tokens
		}
	}
	for i := range out {
		_, before := j.paid[[3]string{arm, items[i].ID, out[i].Text}]
		out[i].Paid = !before
	}
	return out, nil
}

// take remembers results, whether they come from score or from the journal.
func (j *judge) take(arm string, items []exam.Item, results []result) {
	if j.texts == nil {
		j.texts, j.known, j.paid = map[string]string{}, map[[2]string]result{}, map[[3]string]struct{}{}
	}
	for i, r := range results {
		if _, ok := j.texts[r.Place]; !ok && r.Place != "" {
			j.texts[r.Place] = r.Text
			if j.keep != nil {
				j.keep(r.Place, r.Text)
			}
		}
		j.known[[2]string{items[i].ID, r.Text}] = r
		j.paid[[3]string{arm, items[i].ID, r.Text}] = struct{}{}
	}
}

// objective is the logarithm of the right option's share when the options' length-normalised likelihoods are made to add up to one. It
// rises smoothly where right or wrong would jump once in a while.
func (j *judge) objective(c llm.Choice, it exam.Item) (float64, error) {
	if !j.cloze {
		if c.Index == it.Answer {
			return 1, nil
		}
		return 0, nil
	}
	if len(c.Scores) != len(it.Choices) {
		return 0, fmt.Errorf("%w: %d scores for %d options", ErrScores, len(c.Scores), len(it.Choices))
	}
	top, same := math.Inf(-1), true
	for _, s := range c.Scores {
		if math.IsNaN(s) || math.IsInf(s, 0) {
			return 0, fmt.Errorf("%w: a score is %v", ErrScores, s)
		}
		top = math.Max(top, s)
		same = same && s == c.Scores[0]
	}
	if same && len(c.Scores) > 1 {
		return 0, fmt.Errorf("%w: all %d are %v", ErrScores, len(c.Scores), top)
	}
	var sum float64
	for _, s := range c.Scores {
		sum += math.Exp(s - top)
	}
	return c.Scores[it.Answer] - top - math.Log(sum), nil
}
