// Package question makes questions from the sections of a corpus, by rules: in the words of somebody who does not know the text, as far as rules can.
//
// A section gives topic questions from its heading and its key phrases (RAKE, Rose et al. 2010, with tf-idf for its scores), inverse cloze questions
// (Lee, Chang & Toutanova 2019, arXiv 1906.00300: a sentence as a question for its passage; here with words dropped, reordered and replaced by
// everyday ones), and questions that a language's rules read off its sentences: definitions, conditions, durations and numbers, permissions and
// duties, who. A language is a file with one table. A text in another language gets the kinds that need no grammar.
//
// Everything is a pure function of the section, the counts of its corpus and a seed. The package does not know the exam: what may not be
// asked is the business of those who train on the questions (exam.Guard).
package question

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"slm/data/corpus"
	"slm/data/rouge"
	"slm/rng"
)

// Kinds of questions.
const (
	Topic     = "topic"     // about a heading or a key phrase
	Cloze     = "cloze"     // words of a sentence
	Define    = "define"    // what is meant by a word
	Condition = "condition" // what happens if
	Amount    = "amount"    // how long, how many
	Allowed   = "allowed"   // may one, must one
	Who       = "who"       // who does it
)

// Kinds lists them.
var Kinds = []string{Topic, Cloze, Define, Condition, Amount, Allowed, Who}

// Question is a question that a section answers.
type Question struct {
	Text string
	Kind string
	Rule string // of the language's table, or heading, phrase, sentence
	Lang string // code of the language whose words are around the text's; empty: of none, the question has words of the text alone
	From string // the sentence, heading or phrase that it is made from
}

const (
	mostSentences = 24 // of a section: of longer ones, so many that are evenly spread
	mostOfKind    = 6  // questions of a kind that rules read off sentences, so that a long section does not ask about one thing alone
	mostOfOthers  = 4  // topics, and clozes
)

// Of makes the questions of a section, as its Reading does.
func Of(s corpus.Section, c *Corpus, seed uint64) []Question { return Read(s, c).Questions(seed) }

// Questions are those of the section, those of rules first. seed draws the forms, the document's name and what a cloze drops: another seed asks about
// the same in other words.
func (r *Reading) Questions(seed uint64) []Question {
	w := &writer{Reading: r, draw: rng.New(seed, "question", r.section.ID), seen: &filter{r.words, rouge.NewIndex()}}
	for i, sentence := range r.sentences {
		w.rules(sentence, r.found[i])
	}
	w.topics()
	for _, sentence := range r.sentences {
		w.cloze(sentence)
	}
	return w.out
}

// writer collects the questions of a section.
type writer struct {
	*Reading
	draw  *rng.Stream
	seen  *filter
	out   []Question
	count [7]int // by kind, in the order of Kinds
}

// add finishes a question: the document's name, the first letter, the mark. It drops what a person would not ask.
func (w *writer) add(kind, rule, text, from string) {
	k, most := slices.Index(Kinds, kind), mostOfKind
	if kind == Topic || kind == Cloze {
		most = mostOfOthers
	}
	if w.count[k] == most {
		return
	}
	if w.manual != nil && kind != Cloze && (w.manual.dull.MatchString(text) || !whole(text)) {
		return
	}
	text = w.named(kind, upper(strings.Join(strings.Fields(text), " ")))
	lang := w.lang.code
	if !w.seen.keeps(kind, text, w.lang) {
		return
	}
	if kind == Cloze {
		lang = ""
	}
	w.count[k]++
	w.out = append(w.out, Question{Text: text, Kind: kind, Rule: rule, Lang: lang, From: from})
}

// named puts the name of the document into a question, as often as people have to say it.
func (w *writer) named(kind, text string) string {
	names := w.corpus.Names(w.section.Title)
	if len(names) == 0 || w.draw.Float64() >= w.corpus.named || strings.Contains(strings.ToLower(text), strings.ToLower(names[0])) {
		return text
	}
	name := names[w.draw.IntN(len(names))]
	if kind == Cloze {
		if w.draw.IntN(2) == 0 {
			return name + " " + text
		}
		return text + " " + name
	}
	list := w.lang.named
	if w.manual != nil {
		list = w.manual.named
	}
	form := w.pick(list)
	if strings.HasPrefix(form, "{bare}") { // it stays at the beginning
		return strings.NewReplacer("{name}", name, "{bare}", strings.TrimRight(text, " ?？.")).Replace(form)
	}
	return strings.NewReplacer("{name}", name, "{q}", lower(text), "{Q}", text).Replace(form)
}

// pick draws one of some forms.
func (w *writer) pick(forms []string) string { return forms[w.draw.IntN(len(forms))] }

// upper makes the first letter a capital.
func upper(s string) string {
	r, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[size:]
}

// lower undoes upper, except in a word that has other capitals, and in English "I".
func lower(s string) string {
	word, _, _ := strings.Cut(s, " ")
	r, size := utf8.DecodeRuneInString(word)
	if word == "I" || strings.ContainsFunc(word[size:], unicode.IsUpper) {
		return s
	}
	return string(unicode.ToLower(r)) + s[size:]
}
