package clean

import (
	"unicode"
	"unicode/utf8"
)

// Words cuts text into lower-case words of letters and digits; a character of a script written without spaces is a word.
func Words(text string) []string {
	var words []string
	EachWord(text, func(word []byte) { words = append(words, string(word)) })
	return words
}

// EachWord calls f with each word of Words(text), in memory that the next word takes over: a text of any length costs one word.
func EachWord(text string, f func(word []byte)) {
	word := make([]byte, 0, 64)
	flush := func() {
		if len(word) > 0 {
			f(word)
			word = word[:0]
		}
	}
	for _, r := range text {
		if r < utf8.RuneSelf {
			switch {
			case r >= 'A' && r <= 'Z':
				word = append(word, byte(r)+'a'-'A')
			case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
				word = append(word, byte(r))
			default:
				flush()
			}
			continue
		}
		r = unicode.ToLower(r)
		switch alone := unspaced(r); {
		case !alone && (unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r)):
			word = utf8.AppendRune(word, r)
		default:
			flush()
			if alone && unicode.IsLetter(r) {
				word = utf8.AppendRune(word, r)
				flush()
			}
		}
	}
	flush()
}
