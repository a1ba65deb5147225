package knowledge

import (
	"context"
	"fmt"

	"slm/data/form"
	"slm/model/decode"
)

// Score is the model's own choice among options: the mean log-likelihood per token of each, after the place that it named or, when it named
// none, after the question with the soft prompt. An option is cut where the model's context ends.
func (s *Speaker) Score(ctx context.Context, pieces []Piece, options [][]string, soft []float32) ([][]float64, error) {
	tok, cfg := s.Domain.Tokenizer, s.Decoder.Config()
	reqs := make([]decode.ScoreRequest, len(pieces))
	for i, piece := range pieces {
		r := decode.ScoreRequest{Prefix: tok.Encode(piece.Place)}
		if piece.Place == "" || s.OneStep {
			r = decode.ScoreRequest{Prefix: tok.Encode(form.Ask(piece.Question)), Soft: soft}
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
