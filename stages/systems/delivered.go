package systems

import (
	"context"
	"fmt"

	"slm/stages/delivery"
	"slm/stages/knowledge"
	"slm/stages/search"
)

// delivered is the system of a speaker whose knowledge reaches the black box by the delivery that the search has chosen.
func (r *Resources) delivered(speaker string) System {
	d := *r.Delivery
	shelf := delivery.Shelf{
		At: func(place string) (string, bool) {
			p, ok := r.Corpus.At(place)
			return p.Text, ok
		},
		Found: r.shelved,
		Head:  r.Cut,
		Said:  r.Shorter,
	}
	return reader{r, d, func(ctx context.Context, qs []Question) ([]Answer, error) {
		pieces, err := r.pieces(ctx, speaker, qs)
		if err != nil {
			return nil, err
		}
		samples, err := r.samples(ctx, speaker, qs, pieces, d.Samples)
		if err != nil {
			return nil, err
		}
		out := make([]Answer, len(qs))
		for i, q := range qs {
			given, err := d.Compose(ctx, q.Text, samples[i], shelf)
			if err != nil {
				return nil, fmt.Errorf("item %s: %w", q.ID, err)
			}
			out[i] = Answer{Knowledge: given.Text, Given: given.Own, InCorpus: given.InCorpus}
			if n := len(given.Places); n > 0 {
				best := 0
				if d.Reverse {
					best = n - 1
				}
				out[i].Place = given.Places[best]
			}
		}
		return out, r.judge(ctx, speaker, qs, pieces, out)
	}}
}

// shelved are the k best passages by search.
func (r *Resources) shelved(ctx context.Context, question string, k int) ([]delivery.Passage, error) {
	best := search.Best(r.Retrievers)
	if best == nil {
		return nil, fmt.Errorf("%w: the chosen delivery needs a corpus to search", ErrUnavailable)
	}
	hits, err := best.Search(ctx, question, k)
	if err != nil {
		return nil, err
	}
	out := make([]delivery.Passage, len(hits))
	for i, h := range hits {
		p := r.Corpus.Passage(h.Section)
		out[i] = delivery.Passage{Place: p.Place, Text: p.Text}
	}
	return out, nil
}

// samples are n pieces a question, the first of which is there already.
func (r *Resources) samples(ctx context.Context, speaker string, qs []Question, pieces []knowledge.Piece, n int) ([][]knowledge.Piece, error) {
	out := make([][]knowledge.Piece, len(qs))
	for i, p := range pieces {
		out[i] = []knowledge.Piece{p}
	}
	if n < 2 {
		return out, nil
	}
	sampler, ok := r.Speakers[speaker].(Sampler)
	if !ok {
		return nil, fmt.Errorf("%s: the chosen delivery asks its small model %d times, which it cannot be", speaker, n)
	}
	texts := make([]string, len(qs))
	for i, q := range qs {
		texts[i] = q.Text
	}
	return sampler.Sample(ctx, texts, n)
}
