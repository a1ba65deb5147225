package search

import (
	"strings"
	"unicode"

	"slm/data/corpus"
)

// maxTerms bounds the expression, whose parser in SQLite is recursive and limits depth; a question has some twenty terms.
const maxTerms = 200

// expression turns any string into an FTS5 expression: its terms, each once, quoted so that nothing in them is an operator, joined by OR.
// A string without terms gives "".
func (x *Index) expression(query string) string {
	var quoted []string
	seen := map[string]bool{}
	add := func(term string) {
		key := strings.ToLower(term)
		if term == "" || seen[key] || len(quoted) == maxTerms {
			return
		}
		seen[key] = true
		quoted = append(quoted, `"`+strings.ReplaceAll(term, `"`, `""`)+`"`)
	}
	runs := strings.FieldsFunc(query, func(r rune) bool { return !isWord(r) })
	for _, run := range runs {
		if x.Tokenizer == Words {
			add(run)
			continue
		}
		runes := []rune(run)
		for i := 0; i+3 <= len(runes); i++ {
			add(string(runes[i : i+3]))
		}
	}
	return strings.Join(quoted, " OR ")
}

// isWord says which characters make a term; combining marks belong to the letter before them.
func isWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r) }

// clean makes a text valid UTF-8 without NUL, which would end a string in SQLite.
func clean(text string) string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	return strings.ReplaceAll(text, "\x00", " ")
}

// unspaced are the scripts that put no spaces between words. Hangul does.
var unspaced = []*unicode.RangeTable{unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar}

// unspacedShare is the share of letters in such scripts, over the first hundred thousand letters.
func unspacedShare(sections []corpus.Section) float64 {
	letters, without := 0, 0
	for _, s := range sections {
		for _, r := range s.Text {
			if !unicode.IsLetter(r) {
				continue
			}
			letters++
			if unicode.In(r, unspaced...) {
				without++
			}
		}
		if letters > 100_000 {
			break
		}
	}
	if letters == 0 {
		return 0
	}
	return float64(without) / float64(letters)
}
