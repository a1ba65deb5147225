package systems

import (
	"context"
	"fmt"
	"math"

	"slm/stages"
	"slm/stages/knowledge"
)

// slmAlone is the small model that chooses by itself: the option that it finds likeliest after the place that it named.
var slmAlone = Spec{
	Name: "slm", Label: "small model alone", Gets: "scores the options itself, no LLM", Kind: Baseline, Small: true, Needs: stages.DP,
	Cost: func(int, *stages.Rates) stages.Cost { return stages.Cost{} }, // what it says, the method's last stage has said
	Open: func(_ context.Context, r *Resources) (System, error) {
		speaker, err := r.needSpeaker()
		return scorer{r, speaker}, err
	},
}

type scorer struct {
	r       *Resources
	speaker string
}

// Answer implements System. The black box is not asked: to a question without choices the small model's text is the answer.
func (s scorer) Answer(ctx context.Context, qs []Question) ([]Answer, error) {
	pieces, err := s.r.pieces(ctx, s.speaker, qs)
	if err != nil {
		return nil, err
	}
	answers := s.r.given(pieces)
	if err := s.r.judge(ctx, s.speaker, qs, pieces, answers); err != nil {
		return nil, err
	}
	var at []int
	var asked []knowledge.Piece
	var options [][]string
	for i, q := range qs {
		s.r.locate(&answers[i])
		answers[i].Picked, answers[i].Text = -1, answers[i].Knowledge
		if len(q.Choices) > 0 {
			answers[i].Text = ""
			at, asked, options = append(at, i), append(asked, pieces[i]), append(options, q.Choices)
		}
	}
	if len(at) == 0 {
		return answers, nil
	}
	scores, err := s.r.Speakers[s.speaker].Score(ctx, asked, options)
	if err != nil {
		return nil, fmt.Errorf("score the options: %w", err)
	}
	if len(scores) != len(at) {
		return nil, fmt.Errorf("%d scores for %d items", len(scores), len(at))
	}
	for j, i := range at {
		if err := checkScores(scores[j], len(options[j])); err != nil {
			return nil, fmt.Errorf("%w (item %s)", err, qs[i].ID)
		}
		a := &answers[i]
		a.Scores = scores[j]
		a.Picked, a.Margin = top(scores[j])
	}
	return answers, nil
}

// top returns the best option, the first of equals, and its lead over the next.
func top(scores []float64) (best int, margin float64) {
	second := math.Inf(-1)
	for i, s := range scores {
		switch {
		case s > scores[best]:
			second, best = scores[best], i
		case i != best:
			second = math.Max(second, s)
		}
	}
	if math.IsInf(second, -1) {
		return best, 0
	}
	return best, scores[best] - second
}
