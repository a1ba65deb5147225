package systems

import (
	"context"
	"fmt"
	"slices"

	"slm/retrieve"
	"slm/stages"
	"slm/stages/search"
)

// rag1 and rag3 give what a keyword search finds.
var (
	rag1 = finds(Spec{Name: "rag1", Label: "BM25 top-1", Gets: "the best passage by search", Group: "rag"}, search.Keyword, 1)
	rag3 = finds(Spec{Name: "rag3", Label: "BM25 top-3", Gets: "the three best passages by search", Group: "rag"}, search.Keyword, 3)
)

// finds completes a system that gives the black box the k best passages by a retriever.
func finds(s Spec, retriever string, k int) Spec {
	s.Kind = Text
	s.Cost = func(items int, r *stages.Rates) stages.Cost { return r.AskItems(items, true) }
	s.Open = func(_ context.Context, r *Resources) (System, error) {
		by, err := r.Retriever(retriever)
		if err != nil {
			return nil, err
		}
		return r.Reader(func(ctx context.Context, qs []Question) ([]Answer, error) { return r.find(ctx, by, k, qs) }), nil
	}
	return s
}

// Retriever returns the retriever of a name; ErrUnavailable where the run has none.
func (r *Resources) Retriever(name string) (retrieve.Retriever, error) {
	switch by, ok := r.Retrievers[name]; {
	case ok:
		return by, nil
	case name == search.Keyword && r.Search != nil:
		return r.Search, nil
	case name == search.Keyword:
		return nil, fmt.Errorf("%w: there is no corpus to search", ErrUnavailable)
	case name == search.Dense:
		return nil, fmt.Errorf("%w: the run has no vectors (stages.find.dense)", ErrUnavailable)
	}
	return nil, fmt.Errorf("%w: the run has no stage find (stages.find.fuse)", ErrUnavailable)
}

// find is the text of the k best passages by search, each cut on its own; its place is that of the best.
func (r *Resources) find(ctx context.Context, by retrieve.Retriever, k int, qs []Question) ([]Answer, error) {
	out := make([]Answer, len(qs))
	for i, q := range qs {
		hits, err := by.Search(ctx, q.Text, k)
		if err != nil {
			return nil, fmt.Errorf("search for item %s: %w", q.ID, err)
		}
		for _, h := range hits {
			p := r.Corpus.Passage(h.Section)
			out[i] = join(out[i], Answer{Place: p.Place, Source: p.Source, Given: placesOf(p.Place), Knowledge: r.Corpus.Head(p.Text), InCorpus: true})
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
	return Answer{Place: a.Place, Source: a.Source, Given: slices.Concat(a.Given, b.Given), Knowledge: a.Knowledge + "\n" + b.Knowledge, InCorpus: a.InCorpus && b.InCorpus}
}
