package retrieve

import (
	"math"
	"slices"
	"strings"

	"slm/data/corpus"
	"slm/internal/elementary"
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

// weight is a term's inverse document frequency, as BM25 has it. A term that no section has counts most.
func (r *Rarity) weight(term string) float64 {
	n := float64(r.in[term])
	return elementary.Log(1 + (float64(r.sections)-n+0.5)/(n+0.5))
}

// Covered is the share of a question's terms that stand in a text, each counted by its inverse document frequency: 1 = all of them, 0 = none, or there
// are none.
func (r *Rarity) Covered(question, text string) float64 {
	_, best := r.Subject(question, nil, []string{text})
	return best
}

// Subject says how far a corpus covers what a question is about: its terms other than common ones, each counted by its inverse document frequency.
// known is the share that stands anywhere in the corpus, best the largest share that stands in one of some texts. Both are 0 of a question without
// such terms.
func (r *Rarity) Subject(question string, common []string, texts []string) (known, best float64) {
	asked := SubjectTerms(question, common)
	sum := 0.0
	for _, t := range asked {
		if sum += r.weight(t); r.in[t] > 0 {
			known += r.weight(t)
		}
	}
	if sum == 0 {
		return 0, 0
	}
	for _, text := range texts {
		have, both := map[string]bool{}, 0.0
		for _, t := range terms(text) {
			have[t] = true
		}
		for _, t := range asked {
			if have[t] {
				both += r.weight(t)
			}
		}
		best = math.Max(best, both/sum)
	}
	return known / sum, best
}

// SubjectTerms are the terms of a question other than common ones, sorted.
func SubjectTerms(question string, common []string) []string {
	list := terms(question)
	slices.Sort(list)
	return slices.DeleteFunc(slices.Compact(list), func(t string) bool { return slices.Contains(common, t) })
}

// oftenIn is how many of some hundred questions about anything have a term that says nothing of their subject.
const oftenIn = 4

// CommonTerms are terms that say nothing of what a question is about, sorted: those of function words, and those that stand in 4 % of some questions
// about anything, such as "how" and "best".
func CommonTerms(function, questions []string) []string {
	common := terms(strings.Join(function, "\n"))
	count := map[string]int{}
	for _, q := range questions {
		own := terms(q)
		slices.Sort(own)
		for _, t := range slices.Compact(own) {
			if count[t]++; 100*count[t] >= oftenIn*len(questions) && count[t] > 1 {
				common = append(common, t)
			}
		}
	}
	slices.Sort(common)
	return slices.Compact(common)
}
