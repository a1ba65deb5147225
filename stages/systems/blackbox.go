package systems

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"slm/llm"
	"slm/stages/delivery"
	"slm/stages/gate"
)

// ErrScores says that scores cannot tell options apart: they are missing, not finite, or all the same. A table made from such scores would
// show chance and look like a result.
var ErrScores = errors.New("the scores of the options say nothing")

// reply lets the black box answer questions with the knowledge that stands in the answers, put by a delivery: to choose where there are choices,
// else freely.
func (r *Resources) reply(ctx context.Context, qs []Question, answers []Answer, put delivery.Delivery) error {
	if r.Box == nil {
		return nil
	}
	var choose, free []int
	for i, q := range qs {
		if len(q.Choices) > 0 {
			choose = append(choose, i)
		} else if !r.Silent && answers[i].Way != gate.None && (!r.Grounded || answers[i].InCorpus) {
			free = append(free, i)
		}
	}
	if err := r.choose(ctx, qs, answers, choose, put); err != nil {
		return fmt.Errorf("ask the black box: %w", err)
	}
	if err := r.tell(ctx, qs, answers, free, put); err != nil {
		return fmt.Errorf("ask the black box: %w", err)
	}
	return nil
}

// choose asks the questions at some indices that have choices.
func (r *Resources) choose(ctx context.Context, qs []Question, answers []Answer, at []int, put delivery.Delivery) error {
	if len(at) == 0 {
		return nil
	}
	asked := make([]llm.Question, len(at))
	for j, i := range at {
		asked[j] = put.Question(answers[i].Knowledge, qs[i].Text, qs[i].Choices)
	}
	choices, err := llm.Answer(llm.Hear(ctx, nil), r.Box, r.Style, asked)
	if err != nil {
		return err
	}
	for j, i := range at {
		c := choices[j]
		if r.Style == llm.Cloze && c.None == nil {
			if err := checkScores(c.Scores, len(qs[i].Choices)); err != nil {
				return fmt.Errorf("%w (item %s)", err, qs[i].ID)
			}
		}
		a := &answers[i]
		a.Picked, a.None, a.Scores, a.Margin, a.Calls, a.Tokens, a.Written = c.Index, c.None, c.Scores, c.Margin, c.Calls, c.Tokens, c.Written
	}
	return nil
}

// checkScores checks that scores tell n options apart: one finite number each, not all the same.
func checkScores(scores []float64, n int) error {
	if len(scores) != n {
		return fmt.Errorf("%w: %d scores for %d options", ErrScores, len(scores), n)
	}
	for _, s := range scores {
		if math.IsNaN(s) || math.IsInf(s, 0) {
			return fmt.Errorf("%w: a score is %v", ErrScores, s)
		}
	}
	if n > 1 && slices.Min(scores) == slices.Max(scores) {
		return fmt.Errorf("%w: all %d are %v", ErrScores, n, scores[0])
	}
	return nil
}
