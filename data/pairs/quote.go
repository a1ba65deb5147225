package pairs

import (
	"strings"
	"unicode/utf8"

	"slm/rng"
)

const (
	quoteWords = 12 // length of a quotation, words
	quoteRunes = 24 // length of a quotation in a script without spaces, characters
)

// quote draws up to len(forms.Quote) quotations from each training section, each with a span of words that no other one has. A section
// shorter than two quotations is not quoted: its quotation would be its text. bytes is the length of all texts.
func (q *Questions) quote(seed uint64, bytes int64) {
	if len(q.forms.Quote) > 0 {
		q.quoteBy(newSpans(bytes), seed)
	}
}

func (q *Questions) quoteBy(spans *spans, seed uint64) {
	for i := range q.quoted {
		q.quoted[i] = -1
	}
	for i, s := range q.store.All() {
		if q.asked[i] {
			spans.add(s.Text)
		}
	}
	// What the filter leaves open is collected from as many sections as memory allows, and counted in a pass over all of them.
	for from, n := 0, len(q.asked); from < n; {
		to := from
		for ; to < n && !spans.full(); to++ {
			if q.asked[to] {
				q.choose(to, seed, spans.ask)
			}
		}
		for i, s := range q.store.All() {
			if q.asked[i] {
				spans.count(i, s.Text)
			}
		}
		for i := from; i < to; i++ {
			if q.asked[i] {
				copy(q.quotesOf(i), q.choose(i, seed, spans.own))
			}
		}
		spans.forget()
		from = to
	}
}

// quotesOf are the pieces of section i that the forms quote.
func (q *Questions) quotesOf(i int) []int32 {
	n := len(q.forms.Quote)
	return q.quoted[i*n : (i+1)*n]
}

// choose draws pieces of a section's text that are its own.
func (q *Questions) choose(i int, seed uint64, own func(piece, text string) bool) (out []int32) {
	s := q.store.At(i)
	pieces := cutQuotes(s.Text)
	if len(pieces) < 2 {
		return nil
	}
	for _, k := range rng.New(seed, "pairs", "quote", s.ID).Perm(len(pieces)) {
		if len(out) == len(q.forms.Quote) {
			break
		}
		if own(pieces[k].text, s.Text) {
			out = append(out, int32(k))
		}
	}
	return out
}

// piece is a quotation, and the byte at which it begins in its text.
type piece struct {
	text string
	at   int
}

// cutQuotes cuts a text into quotations that follow each other; a rest that is too short is left.
func cutQuotes(text string) []piece {
	words := strings.Fields(text)
	var out []piece
	if len(words)*3 > utf8.RuneCountInString(text)/8 { // words as long as words are
		at := 0
		for i := 0; i+quoteWords <= len(words); i += quoteWords {
			at += strings.Index(text[at:], words[i]) // the next word there is, since those before it are passed
			out = append(out, piece{strings.Join(words[i:i+quoteWords], " "), at})
			for _, word := range words[i : i+quoteWords] {
				at += strings.Index(text[at:], word) + len(word)
			}
		}
		return out
	}
	runes := []rune(text)
	at := 0
	for i := 0; i+quoteRunes <= len(runes); i += quoteRunes {
		quote := string(runes[i : i+quoteRunes])
		out = append(out, piece{quote, at})
		at += len(quote)
	}
	return out
}
