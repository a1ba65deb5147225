package knowledge

import (
	"context"

	"slm/rng"
)

// Sample lets the model speak n ≥ 1 times about each question: first what is most likely, as Say, then answers drawn at temperature 1. A draw
// depends on the seed and the question alone, not on what else is asked.
func (s *Speaker) Sample(ctx context.Context, questions []string, soft []float32, n int, seed uint64) ([][]Piece, error) {
	first, err := s.Say(ctx, questions, soft)
	if err != nil {
		return nil, err
	}
	out := make([][]Piece, len(questions))
	for i, p := range first {
		out[i] = []Piece{p}
	}
	for k := 1; k < n; k++ {
		s.draw = func(question string) *rng.Stream { return rng.New(seed, "sample", question).At(uint64(k)) }
		more, err := s.Say(ctx, questions, soft)
		s.draw = nil
		if err != nil {
			return nil, err
		}
		for i, p := range more {
			out[i] = append(out[i], p)
		}
	}
	return out, nil
}
