package search

import (
	"slm/data/exam"
	"slm/retrieve"
	"slm/stages/domain"
)

// mostAsked bounds the questions of a split: more take time and change little.
const mostAsked = 600

// Asked are questions of a split whose sections the corpus has; of many, some that are evenly spread.
func Asked(dom *domain.Domain, split string) (out []retrieve.Asked) {
	for _, it := range exam.Only(dom.Items, split) {
		if _, i, ok := dom.Section(it.Place); ok {
			out = append(out, retrieve.Asked{Question: it.Question, Sections: []int{i}})
		}
	}
	return spread(out, mostAsked)
}

// spread takes at most n of a list, evenly.
func spread[T any](list []T, n int) []T {
	if len(list) <= n {
		return list
	}
	out := make([]T, n)
	for i := range out {
		out[i] = list[i*len(list)/n]
	}
	return out
}
