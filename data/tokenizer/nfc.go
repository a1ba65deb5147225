package tokenizer

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// composed is a text in NFC as `tokenizers` has it. Its table is that of Unicode 9, so that a mark which came later neither moves past others nor stands between them and their letter: it is
// taken for a letter that nothing is composed with. Marks of versions after 15 are unknown to both tables.
func composed(text string) string {
	if norm.NFC.IsNormalString(text) { // then all of its parts are
		return text
	}
	var b strings.Builder
	for text != "" {
		at := strings.IndexFunc(text, isLaterMark)
		if at < 0 {
			at = len(text)
		}
		b.WriteString(norm.NFC.String(text[:at]))
		next := at
		for i, r := range text[at:] {
			if !isLaterMark(r) {
				break
			}
			next = at + i + len(string(r))
		}
		b.WriteString(text[at:next])
		text = text[next:]
	}
	return b.String()
}

func isLaterMark(r rune) bool { return r >= 0x7fd && unicode.Is(laterMarks, r) }

// laterMarks are the characters of Unicode 10 to 15 whose canonical combining class is not 0, and one that is composed with the one before it.
var laterMarks = &unicode.RangeTable{
	R16: []unicode.Range16{
		{0x7fd, 0x7fd, 1}, {0x898, 0x89f, 1}, {0x8ca, 0x8d3, 1}, {0x9fe, 0x9fe, 1}, {0xc3c, 0xc3c, 1}, {0xd3b, 0xd3c, 1}, {0xeba, 0xeba, 1}, {0x1715, 0x1715, 1}, {0x1abf, 0x1ace, 1},
		{0x1df6, 0x1dfa, 1}, {0xa82c, 0xa82c, 1},
	},
	R32: []unicode.Range32{
		{0x10d24, 0x10d27, 1}, {0x10eab, 0x10eac, 1}, {0x10efd, 0x10eff, 1}, {0x10f46, 0x10f50, 1}, {0x10f82, 0x10f85, 1}, {0x11070, 0x11070, 1}, {0x1133b, 0x1133b, 1}, {0x1145e, 0x1145e, 1},
		{0x11839, 0x1183a, 1}, {0x11930, 0x11930, 1}, {0x1193d, 0x1193e, 1}, {0x11943, 0x11943, 1}, {0x119e0, 0x119e0, 1}, {0x11a34, 0x11a34, 1}, {0x11a47, 0x11a47, 1}, {0x11a99, 0x11a99, 1},
		{0x11d42, 0x11d42, 1}, {0x11d44, 0x11d45, 1}, {0x11d97, 0x11d97, 1}, {0x11f41, 0x11f42, 1}, {0x16ff0, 0x16ff1, 1}, {0x1e08f, 0x1e08f, 1}, {0x1e130, 0x1e136, 1}, {0x1e2ae, 0x1e2ae, 1},
		{0x1e2ec, 0x1e2ef, 1}, {0x1e4ec, 0x1e4ef, 1},
	},
}
