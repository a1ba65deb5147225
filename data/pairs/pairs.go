// Package pairs makes question–knowledge pairs for tuning: from templates over the training sections, or from a file.
//
// It is given training sections only; which these are is the exam's business (exam.TrainSections). It does not judge pairs: the
// filter through the black box is a stage's.
package pairs

import (
	"strconv"
	"strings"

	"slm/data/corpus"
	"slm/data/form"
	"slm/rng"
)

// Kinds of pairs: what the question names.
const (
	Number  = "number"
	Heading = "heading"
	Quote   = "quote" // the answer is the place alone, where the forms have one
	File    = "file"
)

// Pair is a question and the knowledge that answers it.
type Pair struct {
	ID       string `arrow:"id"`       // section/kind/number of the form, or file:line
	Section  string `arrow:"section"`  // corpus.Section.ID; empty for a pair from a file
	Kind     string `arrow:"kind"`     // Number, Heading, Quote or File
	Question string `arrow:"question"` // as asked, not as a prompt
	Place    string `arrow:"place"`    // where the knowledge stands; empty if it has no place
	Text     string `arrow:"text"`     // the knowledge
	Source   string `arrow:"source"`   // of the section, or file:line
	Line     int    // of the file; 0 for a pair of a section
}

// Reply is what a model learns to say to the question.
func (p Pair) Reply(forms form.Set) string {
	if p.Kind == Quote && p.Place != "" {
		return forms.Reply(p.Place, "")
	}
	return forms.Reply(p.Place, p.Text)
}

// FromSections makes, of each section, a pair a question form, a heading form where its heading is its own within the document, and a
// quotation form with words that stand in no other section given. What is quoted depends on the seed and the section alone.
func FromSections(train []corpus.Section, forms form.Set, seed uint64) []Pair {
	headings := map[[2]string]int{}
	for _, s := range train {
		headings[[2]string{s.Title, strings.ToLower(s.Heading)}]++
	}
	spans := countSpans(train)
	var out []Pair
	for _, s := range train {
		add := func(kind string, i int, question string) {
			out = append(out, Pair{
				ID: s.ID + "/" + kind + "/" + strconv.Itoa(i), Section: s.ID, Kind: kind, Question: question, Place: forms.PlaceOf(s), Text: s.Text, Source: s.Source,
			})
		}
		for i := range forms.Question {
			add(Number, i, forms.QuestionOf(s, i))
		}
		if s.Heading != "" && headings[[2]string{s.Title, strings.ToLower(s.Heading)}] == 1 {
			for i := range forms.Heading {
				add(Heading, i, forms.HeadingOf(s, i))
			}
		}
		if len(forms.Quote) == 0 {
			continue
		}
		for i, q := range quotes(s, spans, len(forms.Quote), rng.New(seed, "pairs", "quote", s.ID)) {
			add(Quote, i, forms.QuoteOf(q, i))
		}
	}
	return out
}
