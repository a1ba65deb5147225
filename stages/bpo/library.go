package bpo

import (
	"context"

	"slm/retrieve"
	"slm/stages/delivery"
	"slm/stages/domain"
	"slm/stages/knowledge"
)

// library is where a search takes passages from. A question is searched for once.
type library struct {
	dom   *domain.Domain
	index retrieve.Retriever
	found map[string][]delivery.Passage // by question, the most that is asked for
}

func (l *library) shelf() delivery.Shelf {
	return delivery.Shelf{
		At: func(place string) (string, bool) {
			sec, _, ok := l.dom.Section(place)
			return sec.Text, ok
		},
		Found: l.search,
		Head:  func(text string, tokens int) string { return knowledge.Head(l.dom, text, tokens) },
		Said:  func(text string, tokens int) string { return knowledge.Shorter(l.dom, text, tokens) },
	}
}

func (l *library) search(ctx context.Context, question string, k int) ([]delivery.Passage, error) {
	list, ok := l.found[question]
	if !ok {
		hits, err := l.index.Search(ctx, question, delivery.MostPassages)
		if err != nil {
			return nil, err
		}
		for _, h := range hits {
			sec := l.dom.Sections.At(h.Section)
			list = append(list, delivery.Passage{Place: l.dom.Forms.PlaceOf(sec), Text: sec.Text})
		}
		l.found[question] = list
	}
	return list[:min(k, len(list))], nil
}
