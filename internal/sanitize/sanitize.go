// Package sanitize makes text from a corpus, a model or a server safe to print: what it says stays, what it could do to a terminal
// goes. It is not an HTML escaper.
package sanitize

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Text replaces every control character but line feed and tab by its picture (ESC becomes ␛), bytes that are no UTF-8 by U+FFFD
// and drops marks that turn the direction of writing, so that no text can move the cursor, set a title or hide a line.
func Text(s string) string { return clean(s, true) }

// Line is Text for a place where only one line fits: line feeds and tabs become single spaces.
func Line(s string) string { return clean(s, false) }

func clean(s string, lines bool) string {
	if harmless(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	for _, r := range s { // range yields U+FFFD for bytes that are no UTF-8
		switch {
		case r == '\n' || r == '\t':
			if lines {
				b.WriteRune(r)
			} else {
				b.WriteByte(' ')
			}
		case r < 0x20:
			b.WriteRune('␀' + r)
		case r == 0x7f:
			b.WriteRune('␡')
		case r >= 0x80 && r < 0xa0: // C1: CSI and OSC in one byte
			b.WriteRune(unicode.ReplacementChar)
		case turnsDirection(r) || r == '\u2028' || r == '\u2029':
			b.WriteByte(' ')
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// harmless reports whether s is printable ASCII throughout, by far the commonest case.
func harmless(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < 0x20 || s[i] >= 0x7f {
			return false
		}
	}
	return utf8.ValidString(s)
}

// turnsDirection reports whether r is an explicit bidirectional mark, by which a line can be shown in another order than it stands.
func turnsDirection(r rune) bool {
	return r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069' || r == '\u200e' || r == '\u200f' || r == '\u061c'
}
