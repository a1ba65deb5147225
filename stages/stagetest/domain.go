package stagetest

import (
	"slices"
	"strings"
	"testing"

	"slm/data/corpus"
	"slm/data/exam"
	"slm/data/form"
	"slm/data/tokenizer"
	"slm/rng"
	"slm/stages/domain"
)

// Text is a section's: forty words of its own, enough for quotations.
func Text(i int) string {
	s, words := rng.New(8, "text").At(uint64(i)), make([]string, 40)
	for w := range words {
		letters := make([]byte, 3+s.IntN(4))
		for l := range letters {
			letters[l] = byte('a' + s.IntN(26))
		}
		words[w] = string(letters)
	}
	return strings.Join(words, " ")
}

// Spec describes a small domain, in memory: see Open.
type Spec struct {
	Forms    form.Set
	Sections []corpus.Section
	Item     func(i int, item *exam.Item) bool // changes the question about section i, which is a training one; false = there is none. nil = all are as they come
	Vocab    int                               // of the tokenizer; 0 = 500
	Texts    []string                          // that the tokenizer is trained on; nil = the sections behind their places
}

// Domain makes a domain.
func Domain(t *testing.T, spec Spec) *domain.Domain {
	t.Helper()
	dom := &domain.Domain{Forms: spec.Forms, Sections: corpus.Slice(spec.Sections), PlaceTokens: 40}
	texts := spec.Texts
	for i, s := range spec.Sections {
		item := exam.Item{
			ID: s.ID, Section: s.ID, Question: spec.Forms.ExamOf(s), Choices: []string{"a", "b"}, Split: exam.Train, Place: spec.Forms.PlaceOf(s), Knowledge: s.Text,
		}
		if spec.Item == nil || spec.Item(i, &item) {
			dom.Items = append(dom.Items, item)
		}
		if spec.Texts == nil {
			texts = append(texts, spec.Forms.PlaceOf(s)+" "+s.Text)
		}
	}
	if spec.Vocab == 0 {
		spec.Vocab = 500
	}
	var err error
	if dom.Tokenizer, err = tokenizer.Train(slices.Values(texts), tokenizer.TrainOptions{Vocab: spec.Vocab, Special: []string{domain.EOS}}); err != nil {
		t.Fatal(err)
	}
	return dom
}
