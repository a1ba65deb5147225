// Package pairs makes question–knowledge pairs for tuning: from templates over the training sections, or from a file.
//
// It asks about training sections only; which these are is the exam's business (exam.Held). It does not judge pairs: the
// filter through the black box is a stage's.
package pairs

import (
	"hash/fnv"
	"iter"
	"strconv"
	"strings"

	"slm/data/corpus"
	"slm/data/form"
)

// Kinds of pairs: what the question names.
const (
	Number  = "number"
	Heading = "heading"
	Quote   = "quote" // the answer is the place alone, where the forms have one
	File    = "file"
	Written = "written" // by a language model, from the section's text
	Ruled   = "rules"   // by rules, from the section's text: see package question
)

// Pair is a question and the knowledge that answers it.
type Pair struct {
	ID       string `arrow:"id"`       // section/kind/number of the form, or file:line
	Section  string `arrow:"section"`  // corpus.Section.ID; empty for a pair from a file
	Kind     string `arrow:"kind"`     // Number, Heading, Quote, File, Written or Ruled
	Question string `arrow:"question"` // as asked, not as a prompt
	Place    string `arrow:"place"`    // where the knowledge stands; empty if it has no place
	Text     string `arrow:"text"`     // the knowledge
	Source   string `arrow:"source"`   // of the section, or file:line
	Rule     string // kind of the question and the rule that made it; empty for pairs that no rule has made
	At       int    // byte of Text at which the quotation begins; 0 for other kinds
	Line     int    // of the file; 0 for a pair of a section
}

// Questions are the pairs of a corpus: of each training section a pair a question form, a heading form where its heading is its own within
// the document, and a quotation form with words that stand in no other training section. What is quoted depends on the seed and the
// section alone. Pairs are made when they are asked for: of a section, a few numbers are in memory.
type Questions struct {
	store  corpus.Store
	forms  form.Set
	asked  []bool  // [N] the section is a training section
	headed []bool  // [N] its heading is its own within its document
	quoted []int32 // [N·len(forms.Quote)] index of the piece of its text that a form quotes; -1 = none, and none behind it
}

// Over counts what must be counted to ask about a corpus. Sections whose id is in held are not asked about, and nothing of them is counted.
func Over(store corpus.Store, held map[string]bool, forms form.Set, seed uint64) *Questions {
	n := store.Len()
	q := &Questions{store: store, forms: forms, asked: make([]bool, n), headed: make([]bool, n), quoted: make([]int32, n*len(forms.Quote))}
	headings := map[uint64]bool{} // whether a heading stands twice in its document
	bytes := int64(0)
	for i, s := range store.All() {
		bytes += int64(len(s.Text))
		if q.asked[i] = !held[s.ID]; q.asked[i] {
			_, seen := headings[headingOf(s)]
			headings[headingOf(s)] = seen
		}
	}
	for i, s := range store.All() {
		q.headed[i] = q.asked[i] && s.Heading != "" && !headings[headingOf(s)]
	}
	q.quote(seed, bytes)
	return q
}

// headingOf hashes a heading with its document's title.
func headingOf(s corpus.Section) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(s.Title + "\x00" + strings.ToLower(s.Heading))) // a hash takes everything
	return h.Sum64()
}

// Count is the number of pairs of section i.
func (q *Questions) Count(i int) int {
	if !q.asked[i] {
		return 0
	}
	n := len(q.forms.Question)
	if q.headed[i] {
		n += len(q.forms.Heading)
	}
	for _, piece := range q.quotesOf(i) {
		if piece >= 0 {
			n++
		}
	}
	return n
}

// Kind is that of pair k of section i.
func (q *Questions) Kind(i, k int) string {
	switch {
	case k < len(q.forms.Question):
		return Number
	case q.headed[i] && k < len(q.forms.Question)+len(q.forms.Heading):
		return Heading
	}
	return Quote
}

// Pair makes pair k of section i, 0 ≤ k < Count(i).
func (q *Questions) Pair(i, k int) Pair {
	s := q.store.At(i)
	pair := func(kind string, k int, question string) Pair {
		return Pair{
			ID: s.ID + "/" + kind + "/" + strconv.Itoa(k), Section: s.ID, Kind: kind, Question: question, Place: q.forms.PlaceOf(s), Text: s.Text, Source: s.Source,
		}
	}
	switch q.Kind(i, k) {
	case Number:
		return pair(Number, k, q.forms.QuestionOf(s, k))
	case Heading:
		k -= len(q.forms.Question)
		return pair(Heading, k, q.forms.HeadingOf(s, k))
	}
	k -= len(q.forms.Question)
	if q.headed[i] {
		k -= len(q.forms.Heading)
	}
	piece := cutQuotes(s.Text)[q.quotesOf(i)[k]]
	p := pair(Quote, k, q.forms.QuoteOf(piece.text, k))
	p.At = piece.at
	return p
}

// All yields every pair, section by section.
func (q *Questions) All() iter.Seq[Pair] {
	return func(yield func(Pair) bool) {
		for i := range q.asked {
			for k := range q.Count(i) {
				if !yield(q.Pair(i, k)) {
					return
				}
			}
		}
	}
}
