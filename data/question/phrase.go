package question

import (
	"strings"
	"unicode/utf8"

	"slm/data/corpus"
)

// Named returns what names a section that has no heading: its best key phrase of two words or more that is a phrase of no other of some sections; ""
// where there is none. Where most sections have headings nothing else names one: a key phrase is the poorer name, and people do not ask so.
func Named(sections []corpus.Section) func(corpus.Section) string {
	headed := 0
	for _, s := range sections {
		if s.Heading != "" {
			headed++
		}
	}
	if 2*headed > len(sections) {
		return func(corpus.Section) string { return "" }
	}
	var counts *Corpus      // counted once a section without a heading is asked about, as are
	var in map[string]int32 // the sections that have a phrase
	return func(s corpus.Section) string {
		if counts == nil {
			counts, in = Count(corpus.Slice(sections), nil), map[string]int32{}
			for _, t := range sections {
				own := map[string]bool{}
				r := open(t, counts)
				for _, p := range r.candidates(r.section) {
					if key := strings.ToLower(p); !own[key] {
						own[key] = true
						in[key]++
					}
				}
			}
		}
		r := open(s, counts)
		for _, p := range r.phrasesOf(r.section) {
			long := strings.Contains(p, " ") || r.lang.unspaced && utf8.RuneCountInString(p) >= 4
			if long && in[strings.ToLower(p)] == 1 && whole(p) {
				return p
			}
		}
		return ""
	}
}
