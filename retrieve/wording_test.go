package retrieve

import (
	"testing"

	"slm/data/corpus"
)

func TestFamiliar_WhatACorpusSpeaksOfMostCountsMost(t *testing.T) {
	privacy := NewWording(corpus.Slice{{Title: "GDPR", Number: "Article 1", Text: "The personal data of a subject"}, {Title: "GDPR", Number: "Article 2", Text: "The controller of personal data"}}, []string{"What does GDPR Article 1 say?"})
	founding := NewWording(corpus.Slice{{Title: "Constitution", Number: "1", Text: "Article I. The powers of Congress"}, {Title: "Constitution", Number: "2", Text: "They say that a subject has data 11"}}, nil)
	common := []string{"a", "does", "of", "the", "what"}
	for _, q := range []string{"What does GDPR Article 11 say?", "the personal data", "What does the controller say of personal data?"} {
		own, other := privacy.Familiar(q, common), founding.Familiar(q, common)
		if !(own > other && own < 1 && other >= 0) {
			t.Errorf("%q: %v in its own corpus, %v in another", q, own, other)
		}
	}
	if q := "Which powers has Congress?"; founding.Familiar(q, common) <= privacy.Familiar(q, common) {
		t.Errorf("%q is more familiar elsewhere", q)
	}
}

func TestFamiliar_IsNothingWithoutATermThatWasSeen(t *testing.T) {
	w := NewWording(corpus.Slice{{Title: "Act", Number: "1", Text: "the fee is paid"}}, nil)
	for _, q := range []string{"", "?", "the", "zebra soprano", "斑马"} {
		if got := w.Familiar(q, []string{"the"}); got < 0 || got > 1e-12 {
			t.Errorf("%q: %v", q, got)
		}
	}
	if got := w.Familiar("paid zebra", nil); got <= 0 || got >= w.Familiar("paid", nil) {
		t.Errorf("half of it was seen: %v", got)
	}
}
