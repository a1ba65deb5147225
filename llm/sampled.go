package llm

import (
	"context"
	"slices"
)

// Sampled is a client whose replies are drawn at a temperature: sample says which draw, so that the same one is the same reply. Where nothing is to be
// written, as of options, it is the client. Nobody is told a reply while it is written.
func Sampled(c Client, temperature float64, sample int64) Client {
	return sampled{c, temperature, sample}
}

type sampled struct {
	Client
	temperature float64
	sample      int64
}

// Do implements Client.
func (c sampled) Do(ctx context.Context, reqs []Request) ([]Reply, error) {
	drawn := slices.Clone(reqs)
	for i := range drawn {
		drawn[i].Temperature, drawn[i].Sample = c.temperature, c.sample
	}
	return c.Client.Do(Hear(ctx, nil), drawn)
}

// ReplyLimit is that of the client.
func (c sampled) ReplyLimit() int { return replyLimit(c.Client) }
