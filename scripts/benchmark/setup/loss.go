package setup

import (
	"context"

	"slm/model/decode"
)

// windowTokens is how much text each perplexity window holds, of a model that reads so much; its first token is given.
const windowTokens = 512

// MeanLoss is the mean of −log p of the tokens behind the first of each window of a text, in nats, and how many these are.
func MeanLoss(ctx context.Context, d *decode.Decoder, text []int32) (loss float64, tokens int, err error) {
	var reqs []decode.ScoreRequest
	window := min(windowTokens, d.Config().Context)
	for ; len(text) > window; text = text[window:] {
		reqs = append(reqs, decode.ScoreRequest{Prefix: text[:1], Continuations: [][]int32{text[1:window]}})
		tokens += window - 1
	}
	sums, err := d.Score(ctx, reqs)
	for _, s := range sums {
		loss -= s[0]
	}
	return loss / float64(tokens), tokens, err
}
