package retrieve

import (
	"context"
	"strings"

	"slm/data/corpus"
)

// Index scores the sections of a corpus by signals that need nothing but its words. It is held in memory: about as much as the texts. It is safe
// for concurrent use.
type Index struct {
	text, heading, document *field
	names                   *names
	numbered                *numbered
	of                      []int             // section → document
	titled                  []map[string]bool // document → the terms of its names
}

// The signals of an index.
const (
	Text     = "text"     // BM25 of heading and text
	Heading  = "heading"  // BM25 of the heading
	Rest     = "rest"     // Text, without the words of the question that stand in the document's name: what it asks about the document
	Around   = "around"   // BM25 of the sections near by in the same document
	Document = "document" // BM25 of the whole document
	Name     = "name"     // how well the question names the document
	Version  = "version"  // the question names the document with its version: that one is meant, and no other
	Number   = "number"   // the question names the section's number
)

// Signals lists the signals of an index, in order.
func Signals() []string {
	return []string{Text, Rest, Heading, Around, Document, Name, Version, Number}
}

// NewIndex indexes sections. aliases are more names of documents, by title.
func NewIndex(sections corpus.Store, aliases map[string][]string) *Index {
	x := &Index{}
	x.text = newField(sections.Len(), func(i int) []string { return terms(body(sections.At(i))) })
	x.heading = newField(sections.Len(), func(i int) []string { return terms(sections.At(i).Heading) })
	x.names = newNames(sections, x.text, aliases)
	x.numbered = newNumbered(sections, x.names)
	x.of = x.names.of
	of := make([][]int, len(x.names.titles))
	x.titled = make([]map[string]bool, len(of))
	for i, d := range x.of {
		if of[d] = append(of[d], i); len(of[d]) == 1 {
			title := sections.At(i).Title
			x.titled[d] = map[string]bool{}
			for _, t := range terms(strings.Join(append([]string{title}, aliases[title]...), "\n")) {
				x.titled[d][t] = true
			}
		}
	}
	x.document = newField(len(of), func(d int) (all []string) {
		for _, i := range of[d] {
			s := sections.At(i)
			all = append(all, terms(body(s))...)
		}
		return all
	})
	return x
}

// Signal returns a signal of the index; nil where it has none of that name.
func (x *Index) Signal(name string) Scorer {
	switch name {
	case Text:
		return scorer(func(q []string) []float64 { return x.text.scores(q) })
	case Rest:
		return scorer(func(q []string) []float64 {
			return x.text.scoresWithout(q, func(term string, i int) bool { return x.titled[x.of[i]][term] })
		})
	case Heading:
		return scorer(func(q []string) []float64 { return x.heading.scores(q) })
	case Around:
		return scorer(func(q []string) []float64 { return x.around(x.text.scores(q)) })
	case Document:
		return scorer(func(q []string) []float64 { return spreadOut(x.document.scores(q), x.of) })
	case Name:
		return x.names
	case Version:
		return versioned{x.names}
	case Number:
		return x.numbered
	}
	return nil
}

// near is how many sections before and behind one count as near.
const near = 6

// around is the mean of the scores near by in the same document, which counts less the farther it is. Sections of a document stand together.
func (x *Index) around(scores []float64) []float64 {
	out := make([]float64, len(scores))
	for i := range out {
		var sum, weights float64
		for d := -near; d <= near; d++ {
			if j := i + d; d != 0 && j >= 0 && j < len(scores) && x.of[j] == x.of[i] {
				w := 1 - float64(max(d, -d))/(near+1)
				sum, weights = sum+float64(w*scores[j]), weights+w
			}
		}
		if weights > 0 {
			out[i] = sum / weights
		}
	}
	return out
}

func spreadOut(documents []float64, of []int) []float64 {
	out := make([]float64, len(of))
	for i, d := range of {
		out[i] = documents[d]
	}
	return out
}

// scorer is a signal over the terms of a query.
type scorer func(query []string) []float64

// Scores implements Scorer.
func (s scorer) Scores(_ context.Context, query string) ([]float64, error) {
	return s(terms(query)), nil
}

// Close does nothing.
func (s scorer) Close() error { return nil }
