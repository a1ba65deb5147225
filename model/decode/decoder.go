package decode

import (
	"context"
	"errors"
	"fmt"

	"slm/model"
	"slm/model/kernel"
)

var (
	// ErrTooLong marks a request that does not fit the model's context.
	ErrTooLong = errors.New("decode: longer than the model's context")
	// ErrRequest marks a request that makes no sense: nothing to continue, an unknown token, soft tokens of another width.
	ErrRequest = errors.New("decode: invalid request")
)

// Decoder holds a model ready for inference. Its methods may be called from several goroutines.
type Decoder struct {
	config model.Config
	embed  []float32 // [V,C]
	engine engine
	budget int // bytes that the caches of the sequences in one Generate may take
}

// engine is the network in the backend's element type.
type engine interface {
	// layers runs all blocks on the rows of a batch, in place.
	layers(ctx context.Context, b *batch) error
	// logits writes [m,V] for m rows [m,C] of the residual stream.
	logits(out, x []float32, m int)
	// logProbs returns log p of each pick, whose rows index x [m,C], without ever holding all logits.
	logProbs(x []float32, m int, picks []pick) []float64
	// newCache returns an empty cache for a number of positions, each of which takes cacheBytes.
	newCache(positions int) *cache
	cacheBytes() int
}

// New prepares a model. A backend of float32 precision shares p's memory, another one holds converted copies of the matrices; either
// way p must not change while the Decoder is in use. After New, p itself need not be kept.
func New(p *model.Params, k kernel.Backend) *Decoder {
	d := &Decoder{config: p.Config, embed: p.Embed, budget: cacheBudget}
	if k.Precision() == kernel.BF16 {
		d.engine = newNet[uint16](p, k)
	} else {
		d.engine = newNet[float32](p, k)
	}
	return d
}

// Config is the model's shape.
func (d *Decoder) Config() model.Config { return d.config }

// Logits returns [T,V]: row t predicts the token after tokens[t].
func (d *Decoder) Logits(ctx context.Context, tokens []int32) ([]float32, error) {
	if err := d.check("the text", tokens, nil); err != nil {
		return nil, err
	}
	b := d.newBatch(len(tokens))
	b.add(tokens, nil, nil)
	if err := d.engine.layers(ctx, b); err != nil {
		return nil, err
	}
	out := make([]float32, len(tokens)*d.config.Vocab)
	for lo := 0; lo < len(tokens); lo += headRows {
		hi := min(lo+headRows, len(tokens))
		d.engine.logits(out[lo*d.config.Vocab:hi*d.config.Vocab], b.x[lo*d.config.Width:], hi-lo)
	}
	return out, nil
}

// check refuses what the network cannot read; name says what it is in the error.
func (d *Decoder) check(name string, tokens []int32, soft []float32) error {
	if len(soft)%d.config.Width != 0 {
		return fmt.Errorf("%w: %s has %d values of soft tokens, no multiple of the width %d", ErrRequest, name, len(soft), d.config.Width)
	}
	n := len(tokens) + len(soft)/d.config.Width
	if n == 0 {
		return fmt.Errorf("%w: %s is empty: there is nothing to continue", ErrRequest, name)
	}
	if n > d.config.Context {
		return fmt.Errorf("%w: %s has %d tokens, the context %d", ErrTooLong, name, n, d.config.Context)
	}
	return d.known(name, tokens)
}

func (d *Decoder) known(name string, tokens []int32) error {
	for i, t := range tokens {
		if t < 0 || int(t) >= d.config.Vocab {
			return fmt.Errorf("%w: token %d of %s is %d, the vocabulary has %d", ErrRequest, i, name, t, d.config.Vocab)
		}
	}
	return nil
}
