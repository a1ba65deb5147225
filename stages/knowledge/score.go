package knowledge

import (
	"context"
	"fmt"

	"slm/data/form"
	"slm/model/decode"
)

// Lead is the text that the model continues when it chooses: the place that it named or, when it named none or writes in one step, the question.
func Lead(p Piece, oneStep bool) (text string, asked bool) {
	if p.Place == "" || oneStep {
		return form.Ask(p.Question), true
	}
	return p.Place, false
}

// Score is the model's own choice among options: the mean log-likelihood per token of each, after the place that it named or, when it named
// none, after the question with the soft prompt. An option is cut where the model's context ends.
func (s *Speaker) Score(ctx context.Context, pieces []Piece, options [][]string, soft []float32) ([][]float64, error) {
	tok, cfg := s.Domain.Tokenizer, s.Decoder.Config()
	reqs := make([]decode.ScoreRequest, len(pieces))
	for i, piece := range pieces {
		lead, asked := Lead(piece, s.OneStep)
		r := decode.ScoreRequest{Prefix: tok.Encode(lead)}
		if asked {
			r.Soft = soft
		}
		room := cfg.Context - len(r.Prefix) - len(r.Soft)/cfg.Width
		if room < 1 {
			return nil, fmt.Errorf("the question %.60q leaves no room for an option in a context of %d tokens", piece.Question, cfg.Context)
		}
		for _, o := range options[i] {
			tokens := tok.Encode(form.Continuation(o))
			r.Continuations = append(r.Continuations, tokens[:min(len(tokens), room)])
		}
		reqs[i] = r
	}
	sums, err := s.Decoder.Score(ctx, reqs)
	if err != nil {
		return nil, err
	}
	for i, r := range reqs {
		for j, c := range r.Continuations {
			sums[i][j] /= float64(max(1, len(c)))
		}
	}
	return sums, nil
}
