package question

import (
	"slm/data/corpus"
	"slm/data/exam"
	"slm/data/rouge"
)

// Reading is what questions about a section are made from, whatever their seed: its sentences with what the rules find in them, and its key phrases.
// Finding them takes most of the time of making questions.
type Reading struct {
	section   corpus.Section // without its markup, where the corpus is documentation
	corpus    *Corpus
	lang      *language
	manual    *manual  // how it is asked about documentation; nil = it is none
	words     []string // of the text as it stands
	sentences []string
	found     [][]match // in each sentence
	phrases   []string
}

// Read reads a section of a corpus that has been counted.
func Read(s corpus.Section, c *Corpus) *Reading {
	r := open(s, c)
	r.words = rouge.Words(s.Text)
	r.sentences = exam.Evenly(Sentences(s), mostSentences)
	for _, sentence := range r.sentences {
		r.found = append(r.found, r.matches(sentence))
	}
	r.phrases = r.phrasesOf(r.section)
	return r
}

// open knows the section's language, and reads nothing.
func open(s corpus.Section, c *Corpus) *Reading {
	r := &Reading{section: s, corpus: c, lang: c.languageOf(s.Text)}
	if c.manual {
		r.section, r.manual = bareSection(s), r.lang.manual
	}
	return r
}
