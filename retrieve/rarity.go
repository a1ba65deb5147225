package retrieve

import (
	"math"

	"slm/data/corpus"
)

// Rarity knows in how many sections of a corpus each term stands. Of a question from elsewhere it shows what search hides: a search ranks what there
// is, and the best of it may share nothing but the words that every text has.
type Rarity struct {
	sections int
	in       map[string]int // term → sections that have it
}

// NewRarity counts the terms of the sections.
func NewRarity(sections corpus.Store) *Rarity {
	r := &Rarity{sections: sections.Len(), in: map[string]int{}}
	for _, s := range sections.All() {
		seen := map[string]bool{}
		for _, t := range terms(name(s) + "\n" + body(s)) {
			if !seen[t] {
				seen[t] = true
				r.in[t]++
			}
		}
	}
	return r
}

// Covered is the share of a question's terms that stand in a text, each counted by its inverse document frequency (as BM25 has it): 1 = all of them,
// 0 = none, or there are none. A term that no section has counts most.
func (r *Rarity) Covered(question, text string) float64 {
	have, asked := map[string]bool{}, map[string]bool{}
	for _, t := range terms(text) {
		have[t] = true
	}
	var sum, both float64
	for _, t := range terms(question) {
		if asked[t] {
			continue
		}
		asked[t] = true
		n := float64(r.in[t])
		w := math.Log(1 + (float64(r.sections)-n+0.5)/(n+0.5))
		if sum += w; have[t] {
			both += w
		}
	}
	if sum == 0 {
		return 0
	}
	return both / sum
}
