package retrieve

import (
	"slm/data/corpus"
	"slm/internal/elementary"
)

// What a Wording is made of.
const (
	askedShare = 0.2  // of the probability that the words of questions have, where there are any; the words of the sections have the rest
	unseen     = 1e-6 // probability of a term that stands nowhere, so that the rarest that does stand in a corpus of a million terms counts as much again
)

// Wording knows how probable each term is where people write and ask about a corpus: a language model of single terms (Ponte and Croft, "A Language
// Modeling Approach to Information Retrieval", 1998), with one floor for all corpora. So what it says of a question can be compared between corpora,
// other than an inverse document frequency: that counts a corpus's own subject, which stands in all of its sections, next to nothing.
type Wording struct {
	text, asked       map[string]int
	texts, questioned int // terms of each
}

// NewWording counts the terms of sections, and of questions that are asked about them: "say" and "quote" stand in the forms of questions, and in few texts.
func NewWording(sections corpus.Store, questions []string) *Wording {
	w := &Wording{text: map[string]int{}, asked: map[string]int{}}
	for _, s := range sections.All() {
		for _, t := range terms(name(s) + "\n" + body(s)) {
			w.text[t]++
			w.texts++
		}
	}
	for _, q := range questions {
		for _, t := range terms(q) {
			w.asked[t]++
			w.questioned++
		}
	}
	return w
}

// Familiar is how usual the words of a question are, from 0 to 1: the mean logarithm of the probabilities of its terms other than common ones, 0 where
// none of them was ever seen, or there are none, and 1 if each were all that is ever said.
func (w *Wording) Familiar(question string, common []string) float64 {
	list := SubjectTerms(question, common)
	if len(list) == 0 {
		return 0
	}
	sum := 0.0
	for _, t := range list {
		sum += elementary.Log((w.share(t) + unseen) / (1 + unseen))
	}
	return 1 - sum/float64(len(list))/elementary.Log(unseen/(1+unseen))
}

// share is the probability of a term.
func (w *Wording) share(term string) float64 {
	text := float64(w.text[term]) / float64(max(1, w.texts))
	if w.questioned == 0 {
		return text
	}
	return float64((1-askedShare)*text) + float64(askedShare*float64(w.asked[term])/float64(w.questioned))
}
