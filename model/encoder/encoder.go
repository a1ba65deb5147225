// Package encoder runs BERT encoders (Devlin et al. 2019) and makes one vector of a text: the mean of its tokens' last states, brought to length 1,
// as sentence-transformers do it (Reimers and Gurevych 2019, §3).
//
// Rows of many texts go through the products together, without padding; attention is per text. The backends that it takes are batch-invariant
// and in float32, so a vector has the same bits alone, in any batch and on any number of threads.
package encoder

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"slm/model/kernel"
	"slm/model/weights"
)

var (
	// ErrRequest marks a text that cannot be encoded: no tokens, too many, or one outside the vocabulary.
	ErrRequest = errors.New("encoder: invalid request")
	// ErrKernel marks a backend on which a vector would depend on what is encoded beside it.
	ErrKernel = errors.New("encoder: the kernel does not serve")
)

// Encoder holds a model ready for use. Its methods may be called from several goroutines.
type Encoder struct {
	config  Config
	params  *params
	backend kernel.Backend
	rooms   sync.Pool // *room
}

// New reads a model. The backend multiplies in float32 and is batch-invariant; others are ErrKernel. Errors of the source name the tensor.
func New(s weights.Source, c Config, be kernel.Backend) (*Encoder, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if be.Precision() != kernel.F32 || !be.Traits().BatchInvariant {
		return nil, fmt.Errorf("%w: %s is not in float32 or not batch-invariant", ErrKernel, be.Name())
	}
	p, err := read(s, c, be)
	if err != nil {
		return nil, err
	}
	e := &Encoder{config: c, params: p, backend: be}
	e.rooms.New = func() any { return &room{} }
	return e, nil
}

// Config is the model's shape.
func (e *Encoder) Config() Config { return e.config }

// groupRows is how many rows go through the layers together, at least: as many as make reading a weight from memory cheap.
const groupRows = 256

// Encode returns a vector [C] of length 1 for each text, given as tokens with what the model wants around them.
func (e *Encoder) Encode(ctx context.Context, texts [][]int32) ([][]float32, error) {
	for i, t := range texts {
		if err := e.check(i, t); err != nil {
			return nil, err
		}
	}
	groups := group(texts)
	out := make([][]float32, len(texts))
	kernel.Parallel(len(groups), func(g int) {
		if ctx.Err() != nil {
			return
		}
		r := e.rooms.Get().(*room)
		defer e.rooms.Put(r)
		e.forward(r, texts, groups[g], out)
	})
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return out, nil
}

func (e *Encoder) check(i int, tokens []int32) error {
	if len(tokens) == 0 || len(tokens) > e.config.Context {
		return fmt.Errorf("%w: text %d has %d tokens, not 1 to %d", ErrRequest, i, len(tokens), e.config.Context)
	}
	for at, t := range tokens {
		if t < 0 || int(t) >= e.config.Vocab {
			return fmt.Errorf("%w: token %d of text %d is %d, the vocabulary has %d", ErrRequest, at, i, t, e.config.Vocab)
		}
	}
	return nil
}

// group cuts texts into groups that go through the layers together. The longest come first, so that threads end at about the same time.
func group(texts [][]int32) (groups [][]int) {
	order := make([]int, len(texts))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(len(texts[b]), len(texts[a])) })
	rows := groupRows
	for _, i := range order {
		if rows >= groupRows {
			groups, rows = append(groups, nil), 0
		}
		last := len(groups) - 1
		groups[last] = append(groups[last], i)
		rows += len(texts[i])
	}
	return groups
}
