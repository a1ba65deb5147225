package retrieve

import (
	"cmp"
	"context"
	"slices"
)

// Scorer gives every section a score for a query, so that several can be weighed against each other. It is safe for concurrent use.
type Scorer interface {
	// Scores returns one finite score a section, larger is better; 0 where the scorer sees nothing. Any string is a legal query.
	Scores(ctx context.Context, query string) ([]float64, error)
	Close() error
}

// Ranked makes a retriever of a scorer: the sections by score, equal ones in their order.
func Ranked(s Scorer) Retriever { return ranked{s} }

type ranked struct{ Scorer }

// Search implements Retriever.
func (r ranked) Search(ctx context.Context, query string, k int) ([]Hit, error) {
	if k < 1 {
		return nil, nil
	}
	scores, err := r.Scores(ctx, query)
	if err != nil {
		return nil, err
	}
	return best(scores, k), nil
}

// best are the sections of the k largest scores, equal ones in their order.
func best(scores []float64, k int) []Hit {
	hits := make([]Hit, len(scores))
	for i, s := range scores {
		hits[i] = Hit{Section: i, Score: s}
	}
	slices.SortFunc(hits, func(a, b Hit) int { return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Section, b.Section)) })
	return hits[:min(k, len(hits))]
}
