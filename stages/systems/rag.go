package systems

import (
	"context"
	"fmt"

	"slm/stages"
)

// rag1 and rag3 give what a keyword search finds.
var (
	rag1 = finds("rag1", 1, "BM25 top-1", "the best passage by search")
	rag3 = finds("rag3", 3, "BM25 top-3", "the three best passages by search")
)

// finds makes a system that gives the black box the k best passages by search.
func finds(name string, k int, label, gets string) Spec {
	return Spec{
		Name: name, Label: label, Gets: gets, Kind: Text, Group: "rag",
		Cost: func(items int, r *stages.Rates) stages.Cost { return r.AskItems(items, true) },
		Open: func(_ context.Context, r *Resources) (System, error) {
			if r.Search == nil {
				return nil, fmt.Errorf("%w: there is no corpus to search", ErrUnavailable)
			}
			return r.Reader(func(ctx context.Context, qs []Question) ([]Answer, error) { return r.find(ctx, k, qs) }), nil
		},
	}
}

// find is the text of the k best passages by search, each cut on its own; its place is that of the best.
func (r *Resources) find(ctx context.Context, k int, qs []Question) ([]Answer, error) {
	out := make([]Answer, len(qs))
	for i, q := range qs {
		hits, err := r.Search.Search(ctx, q.Text, k)
		if err != nil {
			return nil, fmt.Errorf("search for item %s: %w", q.ID, err)
		}
		for _, h := range hits {
			p := r.Corpus.Passage(h.Section)
			out[i] = join(out[i], Answer{Place: p.Place, Source: p.Source, Knowledge: r.Corpus.Head(p.Text), InCorpus: true})
		}
	}
	return out, nil
}

// join puts the knowledge of two answers together. The place is the first one's, and both must stand in the corpus for the whole to do.
func join(a, b Answer) Answer {
	switch {
	case a.Knowledge == "":
		return b
	case b.Knowledge == "":
		return a
	}
	return Answer{Place: a.Place, Source: a.Source, Knowledge: a.Knowledge + "\n" + b.Knowledge, InCorpus: a.InCorpus && b.InCorpus}
}
