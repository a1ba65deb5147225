package retrieve

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// terms are what a text is indexed by: words in lower case, without accents and endings, and of scripts without spaces each character and each pair
// of neighbours. Numbers of articles are one term as spaced has them.
func terms(text string) (out []string) {
	for _, run := range strings.FieldsFunc(plainLetters(text), func(r rune) bool { return !isWord(r) }) {
		word := []rune(run)
		from := 0
		for from < len(word) {
			to := from + 1
			tight := unicode.In(word[from], unspaced...)
			for to < len(word) && unicode.In(word[to], unspaced...) == tight {
				to++
			}
			if !tight {
				out = append(out, stem(string(word[from:to])))
			}
			for i := from; tight && i < to; i++ {
				if out = append(out, string(word[i])); i+1 < to {
					out = append(out, string(word[i:i+2]))
				}
			}
			from = to
		}
	}
	return out
}

// plainLetters is a text in lower case without accents.
func plainLetters(text string) string {
	if strings.IndexFunc(text, func(r rune) bool { return r > unicode.MaxASCII }) < 0 {
		return strings.ToLower(text)
	}
	var b strings.Builder
	for _, r := range norm.NFKD.String(strings.ToValidUTF8(text, "\uFFFD")) {
		if !unicode.Is(unicode.Mn, r) {
			b.WriteRune(unicode.ToLower(r))
		}
	}
	return norm.NFC.String(b.String()) // letters of Hangul are put together again
}

// endings are cut off from words of the Latin alphabet, the first that fits, if at least four letters stay. British spellings become American
// ones before, in which questions and texts may differ.
var endings = []string{"ing", "ed", "es", "ly", "s", "e"}

var spellings = []struct{ from, to string }{{"ence", "ense"}, {"isation", "ization"}, {"ise", "ize"}, {"our", "or"}}

// stem is a word without its ending.
func stem(word string) string {
	if word == "" || word[0] < 'a' || word[0] > 'z' {
		return word
	}
	plural := strings.TrimSuffix(word, "s")
	for _, s := range spellings {
		if root, ok := strings.CutSuffix(plural, s.from); ok && len(root) >= 3 {
			word = root + s.to
			break
		}
	}
	for _, e := range endings {
		if root, ok := strings.CutSuffix(word, e); ok && len(root) >= 4 {
			return root
		}
	}
	return word
}
