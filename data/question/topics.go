package question

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"slm/data/corpus"
	"slm/data/corpus/clean"
)

const (
	mostPhrases   = 3  // key phrases of a section
	phraseWords   = 4  // words of a phrase
	phraseHan     = 8  // characters of a phrase in a script without spaces
	headingMost   = 70 // characters of a heading that is asked about
	leastOfPhrase = 3  // characters of one, in a script without spaces
	mostCapitals  = 6  // letters of an abbreviation
)

// topics asks about the heading and the key phrases.
func (w *writer) topics() {
	if h := w.heading(); h != "" {
		w.add(Topic, "heading", strings.ReplaceAll(w.pick(w.forms(h)), "{x}", h), w.section.Heading)
		w.add(Topic, "heading", strings.ReplaceAll(w.pick(w.forms(h)), "{x}", w.everyday(h)), w.section.Heading)
	}
	for _, p := range w.phrases {
		w.add(Topic, "phrase", strings.ReplaceAll(w.pick(w.forms(p)), "{x}", w.everyday(p)), p)
	}
}

// forms are those of questions about a heading or a phrase.
func (w *writer) forms(of string) []string {
	if w.manual == nil {
		return w.lang.topic
	}
	return w.manual.topic(of)
}

// heading is the section's as it stands within a question; empty if there is none, or one that says nothing.
func (w *writer) heading() string {
	h := strings.Trim(strings.Join(strings.Fields(w.section.Heading), " "), ` .:;,"'“”`)
	if h == "" || utf8.RuneCountInString(h) > headingMost || !strings.ContainsFunc(h, unicode.IsLetter) || w.lang.isStop(h) || w.lang.place.MatchString(h) || w.manual != nil && w.manual.common.MatchString(h) {
		return ""
	}
	if w.lang.nouns { // capitals mean something
		if first, rest, _ := strings.Cut(h, " "); w.lang.isStop(first) {
			return strings.ToLower(first) + " " + rest
		}
		return h
	}
	return uncapital(h)
}

// uncapital writes a heading in small letters, except abbreviations.
func uncapital(text string) string {
	words := strings.Fields(text)
	shouts := text == strings.ToUpper(text) && (len(words) > 1 || len(text) > mostCapitals)
	for i, word := range words {
		r, size := utf8.DecodeRuneInString(word)
		if shouts || !strings.ContainsFunc(word[size:], unicode.IsUpper) {
			words[i] = strings.ToLower(word)
		} else {
			words[i] = string(r) + word[size:]
		}
	}
	return strings.Join(words, " ")
}

// phrasesOf are the key phrases of a section: runs of words between stop words and marks (RAKE), each with the mean inverse document frequency of its
// words times how often it stands there, the best first.
func (r *Reading) phrasesOf(section corpus.Section) []string {
	type scored struct {
		text  string
		score float64
	}
	var found []scored
	at := map[string]int{}
	for _, c := range r.candidates(section) {
		key := strings.ToLower(c)
		if i, seen := at[key]; seen {
			found[i].score += float64(found[i].score / 2)
			continue
		}
		ts := clean.Terms(c)
		if len(ts) == 0 {
			continue
		}
		sum := 0.0
		for _, t := range ts {
			sum += r.corpus.idf(t)
		}
		at[key] = len(found)
		found = append(found, scored{c, sum / float64(len(ts)) * (1 + float64(0.25*float64(min(len(ts), 3))))})
	}
	slices.SortStableFunc(found, func(a, b scored) int { return cmp.Compare(b.score, a.score) })
	var out []string
	for _, s := range found {
		if len(out) == mostPhrases {
			break
		}
		if r.lang.nouns || r.lang.unspaced {
			out = append(out, s.text)
		} else {
			out = append(out, r.smallNames(s.text))
		}
	}
	return out
}

// candidates are the phrases of a section's text between stop words, in their order.
func (r *Reading) candidates(section corpus.Section) (out []string) {
	for _, sentence := range Sentences(section) {
		for _, piece := range strings.FieldsFunc(sentence, func(c rune) bool {
			return c != '-' && c != '\'' && c != '’' && !unicode.IsLetter(c) && !unicode.IsDigit(c) && !unicode.IsMark(c) && c != ' '
		}) {
			if r.lang.unspaced {
				out = append(out, r.hanPhrases(piece)...)
				continue
			}
			var run []string
			end := func() {
				for len(run) > 0 && r.lang.verbal != nil && r.lang.verbal.MatchString(run[0]) {
					run = run[1:]
				}
				for len(run) > 0 && r.lang.verbal != nil && r.lang.verbal.MatchString(run[len(run)-1]) {
					run = run[:len(run)-1]
				}
				if n := len(run); n > 1 && n <= phraseWords || n == 1 && utf8.RuneCountInString(run[0]) >= r.lang.leastWord() {
					out = append(out, strings.Join(run, " "))
				}
				run = nil
			}
			for _, word := range strings.Fields(piece) {
				word = strings.Trim(word, "-'’")
				if r.lang.isStop(word) || !strings.ContainsFunc(word, unicode.IsLetter) {
					end()
					continue
				}
				noun := word
				if r.lang.trim != nil && utf8.RuneCountInString(word) > 2 {
					noun = r.lang.trim.ReplaceAllString(word, "")
				}
				if !strings.ContainsFunc(noun, unicode.IsDigit) {
					run = append(run, noun)
				}
				if noun != word { // a particle ends the phrase
					end()
				}
			}
			end()
		}
	}
	return out
}

// hanPhrases cuts a text without spaces at its function characters.
func (r *Reading) hanPhrases(piece string) (out []string) {
	for _, stop := range r.lang.cuts {
		piece = strings.ReplaceAll(piece, stop, " ")
	}
	for _, p := range strings.Fields(piece) {
		if n := utf8.RuneCountInString(p); n >= leastOfPhrase && n <= phraseHan && strings.ContainsFunc(p, unicode.IsLetter) {
			out = append(out, p)
		}
	}
	return out
}
