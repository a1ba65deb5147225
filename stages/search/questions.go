package search

import (
	"slices"

	"slm/data/exam"
	"slm/retrieve"
	"slm/stages/domain"
)

// mostAsked bounds the questions of a split: more take time and change little.
const mostAsked = 600

// Asked are those of some items of a domain that belong to a split and whose sections the corpus has; of many, some that are evenly spread.
func Asked(dom *domain.Domain, items []exam.Item, split string) (out []retrieve.Asked) {
	for _, it := range exam.Only(items, split) {
		q := retrieve.Asked{Question: it.Question}
		for _, place := range it.Right() {
			if _, i, ok := dom.Section(place); ok && !slices.Contains(q.Sections, i) {
				q.Sections = append(q.Sections, i)
			}
		}
		if len(q.Sections) > 0 {
			out = append(out, q)
		}
	}
	return exam.Evenly(out, mostAsked)
}
