package retrieve

import (
	"context"
	"fmt"
	"math"
)

// Hybrid finds sections by several signals together, which stay open when it is closed.
type Hybrid struct {
	search func(ctx context.Context, query string, k int) ([]Hit, error)
	scores func(ctx context.Context, query string) ([]float64, error)
}

// reciprocalK and reciprocalDepth are the constant of reciprocal rank fusion, as in the paper, and how many hits of each list count.
const (
	reciprocalK     = 60
	reciprocalDepth = 100
)

// Reciprocal fuses rankings: a section's score is the sum of 1/(60 + rank) over the retrievers (Cormack, Clarke and Büttcher, "Reciprocal Rank
// Fusion outperforms Condorcet", 2009). Sections that a retriever takes for cited come first.
func Reciprocal(sections int, parts ...Retriever) *Hybrid {
	h := &Hybrid{}
	fuse := func(ctx context.Context, query string, depth int) (sum []float64, cited map[int]bool, err error) {
		sum, cited = make([]float64, sections), map[int]bool{}
		for _, p := range parts {
			hits, err := p.Search(ctx, query, depth)
			if err != nil {
				return nil, nil, err
			}
			for rank, hit := range hits {
				sum[hit.Section] += 1 / float64(reciprocalK+rank+1)
				if hit.Cited {
					cited[hit.Section] = true
				}
			}
		}
		return sum, cited, nil
	}
	h.search = func(ctx context.Context, query string, k int) ([]Hit, error) {
		sum, cited, err := fuse(ctx, query, max(k, reciprocalDepth))
		if err != nil {
			return nil, err
		}
		for i := range cited {
			sum[i] += float64(len(parts)) // above all that ranks can give
		}
		var out []Hit
		for _, hit := range best(sum, k) {
			if hit.Score == 0 {
				break // nobody has found it
			}
			if hit.Cited = cited[hit.Section]; hit.Cited {
				hit.Score -= float64(len(parts))
			}
			out = append(out, hit)
		}
		return out, nil
	}
	h.scores = func(ctx context.Context, query string) ([]float64, error) {
		sum, _, err := fuse(ctx, query, reciprocalDepth)
		return sum, err
	}
	return h
}

// Learned adds up the standardised scores of several scorers, each times its weight.
func Learned(weights []float64, parts ...Scorer) (*Hybrid, error) {
	if len(weights) != len(parts) {
		return nil, fmt.Errorf("retrieve: %d weights for %d signals", len(weights), len(parts))
	}
	h := &Hybrid{}
	h.scores = func(ctx context.Context, query string) ([]float64, error) {
		var sum []float64
		for j, p := range parts {
			scores, err := p.Scores(ctx, query)
			if err != nil {
				return nil, err
			}
			if sum == nil {
				sum = make([]float64, len(scores))
			}
			for i, z := range Standard(scores) {
				sum[i] += float64(weights[j] * z)
			}
		}
		return sum, nil
	}
	h.search = func(ctx context.Context, query string, k int) ([]Hit, error) {
		scores, err := h.scores(ctx, query)
		if err != nil {
			return nil, err
		}
		return best(scores, max(k, 0)), nil
	}
	return h, nil
}

// Standard returns scores less their mean, divided by their standard deviation; zeros where all are the same.
func Standard(scores []float64) []float64 {
	var sum, square float64
	for _, s := range scores {
		sum += s
	}
	mean := sum / float64(len(scores))
	for _, s := range scores {
		square += float64((s - mean) * (s - mean))
	}
	deviation := math.Sqrt(square / float64(len(scores)))
	z := make([]float64, len(scores))
	if deviation < 1e-12 {
		return z
	}
	for i, s := range scores {
		z[i] = (s - mean) / deviation
	}
	return z
}

// Search implements Retriever.
func (h *Hybrid) Search(ctx context.Context, query string, k int) ([]Hit, error) {
	if k < 1 {
		return nil, nil
	}
	return h.search(ctx, query, k)
}

// Scores implements Scorer.
func (h *Hybrid) Scores(ctx context.Context, query string) ([]float64, error) {
	return h.scores(ctx, query)
}

// Close does nothing: the signals belong to who has made them.
func (h *Hybrid) Close() error { return nil }

var (
	_ Scorer    = (*Hybrid)(nil)
	_ Retriever = (*Hybrid)(nil)
)
