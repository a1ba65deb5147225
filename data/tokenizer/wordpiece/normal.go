package wordpiece

import (
	"iter"
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// span is an inclusive range of code points.
type span struct{ lo, hi rune }

func within(spans []span, r rune) bool {
	i := sort.Search(len(spans), func(i int) bool { return spans[i].hi >= r })
	return i < len(spans) && spans[i].lo <= r
}

// chinese are the characters that are words by themselves. The library's ranges have a gap at U+2B820, which is kept.
var chinese = []span{
	{0x3400, 0x4DBF}, {0x4E00, 0x9FFF}, {0xF900, 0xFAFF}, {0x20000, 0x2A6DF}, {0x2A700, 0x2B73F}, {0x2B740, 0x2B81F}, {0x2B920, 0x2CEAF}, {0x2F800, 0x2FA1F},
}

// late are the capitals that Unicode has had since version 16 and whose small letters are older, so that a vocabulary may hold them.
var late = map[rune]rune{0xA7CB: 0x0264, 0xA7DC: 0x019B}

// normal is BERT's normalizer: control characters are dropped, white space becomes spaces, Chinese characters get spaces around them, and letters
// lose their accents and capitals.
func normal(text string) string {
	var b strings.Builder
	b.Grow(len(text) + len(text)/8)
	plain := true
	for _, r := range text { // an invalid byte comes as U+FFFD, which is dropped
		switch {
		case 'A' <= r && r <= 'Z':
			b.WriteByte(byte(r) + 'a' - 'A')
		case ' ' <= r && r < 0x7F:
			b.WriteByte(byte(r))
		case unicode.IsSpace(r) && !within(dropped, r):
			b.WriteByte(' ')
		case within(dropped, r):
		case within(chinese, r):
			plain = false
			b.WriteByte(' ')
			b.WriteRune(r)
			b.WriteByte(' ')
		default:
			plain = false
			b.WriteRune(r)
		}
	}
	if plain {
		return b.String()
	}
	return fold(b.String())
}

// fold takes accents off and makes letters small.
func fold(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r < utf8.RuneSelf:
			return unicode.ToLower(r)
		case within(marks, r):
			return -1
		}
		if small, ok := late[r]; ok {
			return small
		}
		return unicode.ToLower(r)
	}, norm.NFD.String(text))
}

// words cuts normal text at white space, and makes each punctuation mark a word.
func words(text string) iter.Seq[string] {
	return func(yield func(string) bool) {
		start := 0 // of the word under way
		for i, r := range text {
			space := unicode.IsSpace(r)
			if !space && !isPunctuation(r) {
				continue
			}
			if start < i && !yield(text[start:i]) {
				return
			}
			start = i + utf8.RuneLen(r)
			if !space && !yield(text[i:start]) {
				return
			}
		}
		if start < len(text) {
			yield(text[start:])
		}
	}
}

func isPunctuation(r rune) bool {
	if r < utf8.RuneSelf {
		return '!' <= r && r <= '/' || ':' <= r && r <= '@' || '[' <= r && r <= '`' || '{' <= r && r <= '~'
	}
	return within(punctuation, r)
}
