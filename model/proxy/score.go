package proxy

import (
	"context"
	"fmt"

	"slm/model/decode"
)

// Score is the sum of log p over each continuation of the prompts under each setting: [settings][continuations]. The models run once, whatever the number of
// settings. Errors are those of decode: ErrRequest, ErrTooLong.
func (p *Proxy) Score(ctx context.Context, prompts Prompts, continuations [][]int32, by ...Setting) ([][]float64, error) {
	longest := 0
	for _, c := range continuations {
		longest = max(longest, len(c))
	}
	r, err := p.read(ctx, prompts, longest)
	if err != nil {
		return nil, err
	}
	defer r.free()
	steps, err := r.follow(ctx, continuations)
	if err != nil {
		return nil, err
	}
	out := make([][]float64, len(by))
	room := make([]float64, p.vocab)
	for k, setting := range by {
		out[k] = make([]float64, len(continuations))
		for i, c := range continuations {
			for t, token := range c {
				steps[i][t].combine(room, setting)
				out[k][i] += room[token] - logSumExp(room)
			}
		}
	}
	return out, nil
}

// Rerank is, for each answer to the prompts, α·(log p⁺ − log p⁻): what tuning thinks of it, a token. It is for a large model that gives texts alone; the best
// answer is the one of the highest value.
func (p *Proxy) Rerank(ctx context.Context, prompts Prompts, answers [][]int32, alpha float64) ([]float64, error) {
	sums := [3][]float64{}
	for _, role := range []int{tuned, untuned} {
		got, err := p.models[role].Score(ctx, []decode.ScoreRequest{{Prefix: prompts.of(role), Continuations: answers}})
		if err != nil {
			return nil, fmt.Errorf("proxy: %w", err)
		}
		sums[role] = got[0]
	}
	out := make([]float64, len(answers))
	for i, a := range answers {
		out[i] = alpha * (sums[tuned][i] - sums[untuned][i]) / float64(max(1, len(a)))
	}
	return out, nil
}
