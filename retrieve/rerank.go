package retrieve

import (
	"context"
	"fmt"
)

// Rerank returns a retriever that takes depth hits of another one, or as many as are asked for when those are more, and returns the first of
// them in a reranker's order. It closes the other one.
func Rerank(first Retriever, by Reranker, depth int) Retriever { return reranked{first, by, depth} }

type reranked struct {
	Retriever
	by    Reranker
	depth int
}

func (r reranked) Search(ctx context.Context, query string, k int) ([]Hit, error) {
	if k < 1 {
		return nil, nil
	}
	hits, err := r.Retriever.Search(ctx, query, max(k, r.depth))
	if err != nil {
		return nil, err
	}
	if hits, err = r.by.Rerank(ctx, query, hits); err != nil {
		return nil, fmt.Errorf("retrieve: rerank: %w", err)
	}
	return hits[:min(k, len(hits))], nil
}
