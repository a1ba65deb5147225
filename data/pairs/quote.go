package pairs

import (
	"strings"

	"slm/data/corpus"
	"slm/data/corpus/clean"
	"slm/rng"
)

const (
	quoteWords = 12 // length of a quotation, words
	spanWords  = 6  // words of which one run must be the section's own
	quoteRunes = 24 // length of a quotation in a script without spaces, characters
)

// countSpans counts in how many sections each run of spanWords words stands.
func countSpans(sections []corpus.Section) map[string]int {
	count := map[string]int{}
	for _, s := range sections {
		seen := map[string]bool{}
		for _, span := range spansOf(s.Text) {
			if !seen[span] {
				seen[span] = true
				count[span]++
			}
		}
	}
	return count
}

func spansOf(text string) []string {
	words := clean.Words(text)
	var out []string
	for i := 0; i+spanWords <= len(words); i++ {
		out = append(out, strings.Join(words[i:i+spanWords], " "))
	}
	return out
}

// quotes draws up to n quotations from a section, each with words that no other section has. A section shorter than two
// quotations is not quoted: its quotation would be its text.
func quotes(s corpus.Section, spans map[string]int, n int, stream *rng.Stream) []string {
	pieces := cutQuotes(s.Text)
	if len(pieces) < 2 {
		return nil
	}
	var out []string
	for _, i := range stream.Perm(len(pieces)) {
		if len(out) == n {
			break
		}
		if own(pieces[i], spans) {
			out = append(out, pieces[i])
		}
	}
	return out
}

// cutQuotes cuts a text into quotations that follow each other; a rest that is too short is left.
func cutQuotes(text string) []string {
	words := strings.Fields(text)
	var out []string
	if len(words)*3 > len([]rune(text))/8 { // words as long as words are
		for i := 0; i+quoteWords <= len(words); i += quoteWords {
			out = append(out, strings.Join(words[i:i+quoteWords], " "))
		}
		return out
	}
	runes := []rune(text)
	for i := 0; i+quoteRunes <= len(runes); i += quoteRunes {
		out = append(out, string(runes[i:i+quoteRunes]))
	}
	return out
}

// own reports whether some run of words in the quotation stands in one section only.
func own(quote string, spans map[string]int) bool {
	for _, span := range spansOf(quote) {
		if spans[span] == 1 {
			return true
		}
	}
	return false
}
