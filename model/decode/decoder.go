package decode

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

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
	embed  []float32            // [V,C]
	rows   *kernel.BlockWeights // in its place, of a model in blocks
	engine engine
	budget int       // bytes that the caches of the sequences in one Generate may take
	rooms  sync.Pool // *[]float32, logits
}

// engine is the network in the backend's element type.
type engine interface {
	// layers runs all blocks on the rows of a batch, in place.
	layers(ctx context.Context, b *batch) error
	// next runs all blocks, and calls each with the logits [V] of row ends[i], from several goroutines; room is that of the logits.
	next(ctx context.Context, b *batch, ends []int, room *[]float32, each func(i int, logits []float32)) error
	// logits computes [m,V] for m rows [m,C] of the residual stream, in room, which grows as it must.
	logits(room *[]float32, x []float32, m int) []float32
	// logProbs returns log p of each pick, whose rows index x [m,C], without ever holding all logits.
	logProbs(x []float32, m int, picks []pick) []float64
	// newCache returns an empty cache for a number of positions, each of which takes cacheBytes; fork one that begins as another; free takes them back.
	newCache(positions int) *cache
	fork(from *cache, length, positions int) *cache
	free(c *cache)
	cacheBytes() int
	// copyPrefix makes the first positions of a cache those of another.
	copyPrefix(dst, src *cache, positions int)
	// invariant says that a row's bits do not depend on what else is in the batch.
	invariant() bool
}

// New prepares a model, with its adapter merged. A backend of float32 precision shares p's memory, another one holds converted copies of the matrices; either
// way p must not change while the Decoder is in use. After New, p itself need not be kept.
func New(p *model.Params, k kernel.Backend) *Decoder {
	d, _ := newDecoder(p, k, wide, nil) // only bytes and blocks are refused
	return d
}

// NewInt8 prepares a model with its matrices in bytes, a scale for each row: half of bf16's memory, and other results. What they are the
// results of is Int8Name(k). A matrix that is too wide is refused.
func NewInt8(p *model.Params, k kernel.Backend) (*Decoder, error) {
	return newDecoder(p, k, bytes, nil)
}

// Int8Name is the name of the arithmetic of NewInt8, for fingerprints.
func Int8Name(k kernel.Backend) string { return string(k.Class().Products()) + "+int8" }

// RowsOf returns the rows of a matrix, by its name in Hugging Face's model, as a file has them.
type RowsOf func(name string) ([]kernel.BlockRow, error)

// NewFile prepares a model with its matrices as its file has them, in blocks of 4 to 8 bits. Of p the vectors count alone (weights.Vectors). What
// results are the results of is FileName(k).
func NewFile(p *model.Params, k kernel.Backend, rows RowsOf) (*Decoder, error) {
	return newDecoder(p, k, blocks, rows)
}

// FileName is the name of the arithmetic of NewFile, for fingerprints.
func FileName(k kernel.Backend) string { return string(k.Class().Products()) + "+file" }

func newDecoder(p *model.Params, k kernel.Backend, f format, rows RowsOf) (*Decoder, error) {
	d := &Decoder{config: p.Config, budget: cacheBudget}
	d.rooms.New = func() any { return new([]float32) }
	var err error
	if k.Precision() == kernel.BF16 {
		err = open[uint16](d, p, k, f, rows)
	} else {
		err = open[float32](d, p, k, f, rows)
	}
	if err != nil {
		return nil, err
	}
	return d, nil
}

// open gives a decoder its engine and its embeddings.
func open[T kernel.Elem](d *Decoder, p *model.Params, k kernel.Backend, f format, rows RowsOf) (err error) {
	n := newNet[T](p, k, f)
	d.engine = n
	if f == blocks {
		d.rows, err = n.takeRows(p, rows)
		return err
	}
	d.embed = p.Embed
	return n.take(p)
}

// embedding appends a token's embedding [C] to x.
func (d *Decoder) embedding(x []float32, id int32) []float32 {
	width := d.config.Width
	if d.rows == nil {
		return append(x, d.embed[int(id)*width:(int(id)+1)*width]...)
	}
	n := len(x)
	x = slices.Grow(x, width)[:n+width]
	d.rows.Row(int(id), x[n:])
	return x
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
	room := d.rooms.Get().(*[]float32)
	defer d.rooms.Put(room)
	out := make([]float32, 0, len(tokens)*d.config.Vocab)
	for lo := 0; lo < len(tokens); lo += headRows {
		out = append(out, d.engine.logits(room, b.x[lo*d.config.Width:], min(headRows, len(tokens)-lo))...)
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

// Check refuses a text that the network cannot read: empty, longer than the context, with an unknown token, or with soft tokens of another width.
func (d *Decoder) Check(tokens []int32, soft []float32) error {
	return d.check("the prompt", tokens, soft)
}
