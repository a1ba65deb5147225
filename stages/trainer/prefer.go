package trainer

import (
	"context"
	"errors"
	"fmt"

	"slm/data/pack"
	"slm/model"
	"slm/stages"
)

// LogProbs are the log-probabilities, in nats, of the chosen and the rejected answer of each pair under a model, in rows of length tokens. Each pair has
// trained tokens in rows of that length (pack.Pair.Trained). A pair's figures do not depend on the pairs beside it.
func LogProbs(ctx context.Context, env *stages.Env, p *model.Params, pairs []pack.Pair, length int) (out [][2]float64, err error) {
	per := min(len(pairs), max(1, DefaultMicroBatchTokens/length/2))
	g, err := model.NewGraph(p, env.Kernel, 2*per, length, model.Losses)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, g.Close()) }()
	batches := pack.PackPairs(pairs, per, length)
	for i := range batches.Len() {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		b, err := batches.Batch(i)
		if err != nil {
			return nil, err
		}
		_, err = run(g, b, 1)
		if errors.Is(err, model.ErrNotFinite) {
			err = fmt.Errorf("%w: log-probabilities of pairs: %w", ErrDiverged, err)
		}
		if err != nil {
			return nil, err
		}
		rows := g.LogProbs()
		for k := range b.References {
			out = append(out, [2]float64{rows[2*k], rows[2*k+1]})
		}
	}
	return out, nil
}
