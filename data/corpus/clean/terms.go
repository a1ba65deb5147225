package clean

import (
	"unicode"
	"unicode/utf8"
)

// Terms are the words of a text in lower case; of scripts without spaces, pairs of characters that follow each other.
func Terms(text string) []string {
	words := Words(text)
	var out []string
	for i, w := range words {
		if !Alone(w) {
			out = append(out, w)
		} else if i > 0 && Alone(words[i-1]) {
			out = append(out, words[i-1]+w)
		}
	}
	return out
}

// Alone reports whether a word is a character of a script without spaces.
func Alone(word string) bool {
	r, size := utf8.DecodeRuneInString(word)
	return size == len(word) && r >= 0x0e00 && unicode.IsLetter(r) && !unicode.Is(unicode.Hangul, r)
}
