package knowledge

import (
	"context"
	"slices"

	"slm/internal/elementary"
	"slm/model/decode"
	"slm/rng"
)

// drawn are the places that samples are drawn from: the likeliest, with nearly all that places have of probability.
var drawn = wanted{16, 6}

// Sample lets the model speak n ≥ 1 times about each question: first what is most likely, as Say, then answers drawn at temperature 1: in two steps
// one of the likeliest places by their shares of probability, in one step the text, token by token. A draw depends on the seed and the question
// alone, not on what else is asked.
func (s *Speaker) Sample(ctx context.Context, questions []string, soft []float32, n int, seed uint64) ([][]Piece, error) {
	draw := func(question string, k int) *rng.Stream { return rng.New(seed, "sample", question).At(uint64(k)) }
	if s.OneStep {
		return s.sampleAtOnce(ctx, questions, soft, n, draw)
	}
	chosen, err := s.choose(ctx, questions, soft, drawn)
	if err != nil {
		return nil, err
	}
	var all []Piece
	for i, q := range questions {
		for k := range n {
			c := chosen[i]
			if k > 0 && len(c.Best) > 0 {
				at := pick(c.Best, draw(q, k))
				c.Best = append([]decode.Choice{c.Best[at]}, slices.Delete(slices.Clone(c.Best), at, at+1)...)
			}
			all = append(all, s.named(q, c))
		}
	}
	if err := s.recite(ctx, all); err != nil {
		return nil, err
	}
	out := make([][]Piece, len(questions))
	for i := range out {
		out[i] = all[i*n : (i+1)*n : (i+1)*n]
	}
	return out, nil
}

// pick draws a choice by its share of probability.
func pick(best []decode.Choice, draw *rng.Stream) int {
	total := 0.0
	for _, c := range best {
		total += elementary.Exp(c.LogProb - best[0].LogProb)
	}
	rest := draw.Float64() * total
	for i, c := range best {
		if rest -= elementary.Exp(c.LogProb - best[0].LogProb); rest < 0 {
			return i
		}
	}
	return 0 // rounding used up the total
}

func (s *Speaker) sampleAtOnce(ctx context.Context, questions []string, soft []float32, n int, draw func(string, int) *rng.Stream) ([][]Piece, error) {
	out := make([][]Piece, len(questions))
	defer func() { s.draw = nil }()
	for k := range n {
		if k > 0 {
			s.draw = func(question string) *rng.Stream { return draw(question, k) }
		}
		more, err := s.sayAtOnce(ctx, questions, soft)
		if err != nil {
			return nil, err
		}
		for i, p := range more {
			out[i] = append(out[i], p)
		}
	}
	return out, nil
}
