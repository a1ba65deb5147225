package bpo

import (
	"context"

	"slm/retrieve"
	"slm/stages/delivery"
	"slm/stages/domain"
	"slm/stages/knowledge"
)

// library is where a search takes passages from. The index is made at the first query, and a question is searched for once.
type library struct {
	dom   *domain.Domain
	index *retrieve.Keyword
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
	}
}

func (l *library) search(ctx context.Context, question string, k int) ([]delivery.Passage, error) {
	list, ok := l.found[question]
	if !ok {
		if l.index == nil {
			var err error
			if l.index, err = retrieve.OpenKeyword(l.dom.Sections); err != nil {
				return nil, err
			}
			l.found = map[string][]delivery.Passage{}
		}
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

func (l *library) close() error {
	if l.index == nil {
		return nil
	}
	return l.index.Close()
}
