package question

import (
	"strings"
	"unicode/utf8"

	"slm/data/corpus/clean"
	"slm/data/rouge"
)

const (
	leastWords = 3
	mostWords  = 32
	mostChars  = 220
	copied     = 12  // words in a row that a question may have of the text
	copiedHan  = 24  // characters of a script without spaces
	alike      = 0.7 // ROUGE-L above which two questions of a section are one (Self-Instruct's limit)
)

// filter keeps what a person could ask about a section.
type filter struct {
	text []string // words of the section
	kept *rouge.Index
}

// keeps takes a question in, unless it is too short or too long, cites a place, repeats the text, or is a near copy of one that has been kept.
func (f *filter) keeps(kind, text string, lang *language) bool {
	words := rouge.Words(text)
	han := 0
	for _, w := range words {
		if clean.Alone(w) {
			han++
		}
	}
	most, least, run := mostWords, leastWords, copied
	if 2*han > len(words) {
		most, least, run = 3*mostWords, leastWords+1, copiedHan
	}
	if lang.code == "" && kind == Topic { // nothing stands around the heading
		least--
	}
	switch {
	case len(words) < least || len(words) > most || utf8.RuneCountInString(text) > mostChars:
		return false
	case lang.place.MatchString(text) || strings.ContainsAny(text, "{}\uFFFD"):
		return false
	case rouge.Run(words, f.text) > run, kind == Cloze && rouge.Run(words, f.text) >= len(words):
		return false
	}
	if _, _, near := f.kept.Above(text, alike); near {
		return false
	}
	f.kept.Add(text)
	return true
}
