package retrieve

import (
	"context"
	"fmt"
	"math"
)

// Encoder turns texts into vectors of length 1 whose inner product says how much two texts are about the same. Sections and questions may be
// encoded in different ways. It is used by one goroutine at a time.
type Encoder interface {
	Name() string // letters, digits and dashes: it becomes part of a file's name
	Dim() int
	Sections(ctx context.Context, texts []string) ([][]float32, error)
	Questions(ctx context.Context, texts []string) ([][]float32, error)
	Close() error
}

// Dense finds sections by the inner product of their vectors with the question's, over all vectors: the search is exact. A section with several
// vectors counts by its best. It is safe for concurrent use if its encoder is.
type Dense struct {
	encoder Encoder
	vectors *Vectors
}

// NewDense puts an encoder beside the vectors that it has made. The retriever closes the encoder.
func NewDense(e Encoder, v *Vectors) (*Dense, error) {
	if e.Name() != v.Name || e.Dim() != v.Dim {
		return nil, fmt.Errorf("retrieve: vectors of %s with %d values do not go with the encoder %s of %d", v.Name, v.Dim, e.Name(), e.Dim())
	}
	return &Dense{e, v}, nil
}

// Scores implements Scorer: cosines. A section without a vector has the score -1.
func (d *Dense) Scores(ctx context.Context, query string) ([]float64, error) {
	q, err := d.Embed(ctx, []string{query}, true)
	if err != nil {
		return nil, err
	}
	return d.vectors.Scores(q[0]), nil
}

// Embedder makes vectors of length 1: of questions, or of texts like the sections.
type Embedder interface {
	Embed(ctx context.Context, texts []string, questions bool) ([][]float32, error)
}

// Embed implements Embedder.
func (d *Dense) Embed(ctx context.Context, texts []string, questions bool) (v [][]float32, err error) {
	if questions {
		v, err = d.encoder.Questions(ctx, texts)
	} else {
		v, err = d.encoder.Sections(ctx, texts)
	}
	if err == nil {
		err = unit(v, len(texts), d.vectors.Dim)
	}
	if err != nil {
		return nil, fmt.Errorf("retrieve: encode by %s: %w", d.vectors.Name, err)
	}
	return v, nil
}

// Search implements Retriever.
func (d *Dense) Search(ctx context.Context, query string, k int) ([]Hit, error) {
	return ranked{d}.Search(ctx, query, k)
}

// Close frees the encoder.
func (d *Dense) Close() error { return d.encoder.Close() }

// unit checks what an encoder has made: n vectors of a dimension and of length 1.
func unit(vectors [][]float32, n, dim int) error {
	if len(vectors) != n {
		return fmt.Errorf("%d vectors for %d texts", len(vectors), n)
	}
	for i, v := range vectors {
		if len(v) != dim {
			return fmt.Errorf("vector %d has %d values, not %d", i, len(v), dim)
		}
		var sum float64
		for _, x := range v {
			sum += float64(float64(x) * float64(x))
		}
		if !(math.Abs(sum-1) < 1e-2) { // also NaN
			return fmt.Errorf("vector %d has the length %.3g, not 1", i, math.Sqrt(sum))
		}
	}
	return nil
}

var (
	_ Scorer    = (*Dense)(nil)
	_ Retriever = (*Dense)(nil)
)
