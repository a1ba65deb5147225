// Package clean gives texts their canonical form, and cuts them into the words that copies are found by.
package clean

import (
	"html"
	"regexp"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Text gives a text its canonical form and keeps its lines: entities decoded, Unicode NFC, one kind of line end, no control or
// zero-width characters, no rulers ("-----"). It keeps the number of lines, so that a place in it can be named. Fold makes one line of it.
func Text(text string) string { return Decoded(html.UnescapeString(text)) }

// Decoded is Text for a text that has no entities.
func Decoded(text string) string { return rulers.ReplaceAllString(Lines(text), "") }

// Lines is Decoded for rows of a table, where a ruler is a border.
func Lines(text string) string {
	text = norm.NFC.String(text)
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case r == '\ufeff' || r == '\u00ad' || r == '\u200b' || r == '\u2060':
			return -1
		case unicode.IsSpace(r): // also form feed and U+2028, which editors do not count as line ends
			return ' '
		case unicode.IsControl(r) || r == unicode.ReplacementChar:
			return -1
		}
		return r
	}, lineEnds.Replace(text))
}

// Code takes nothing from a text but control characters, which a terminal would obey: code that is copied works.
func Code(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case r == '\ufeff' || unicode.IsControl(r) || r == unicode.ReplacementChar:
			return -1
		}
		return r
	}, lineEnds.Replace(text))
}

var (
	lineEnds = strings.NewReplacer("\r\n", "\n", "\r", "\n")
	rulers   = regexp.MustCompile(`(?m)^[ \t]*(?:[-=_*~#+]{3,}[ \t]*)+$`)
	comments = regexp.MustCompile(`^[ \t]*(\*|#|;|//|>|%|dnl\b)(?:[ \t]|$)`)
)

// Fold makes one line of text: runs of white space become one space, and none between two characters of scripts written without spaces.
func Fold(text string) string {
	fields := strings.Fields(text)
	if len(fields) == 0 {
		return ""
	}
	var b strings.Builder
	b.Grow(len(text))
	b.WriteString(fields[0])
	for i := 1; i < len(fields); i++ {
		if !Joined(fields[i-1], fields[i]) {
			b.WriteByte(' ')
		}
		b.WriteString(fields[i])
	}
	return b.String()
}

// Uncomment takes the comment marks off a text that was cut out of a source file, and leaves any other text alone.
func Uncomment(text string) string {
	lines := strings.Split(text, "\n")
	filled, marked := 0, 0
	for _, line := range lines {
		if strings.TrimSpace(line) == "" {
			continue
		}
		filled++
		if comments.MatchString(line) {
			marked++
		}
	}
	if filled == 0 || marked*10 < filled*8 {
		return text
	}
	for i, line := range lines {
		if at := comments.FindStringSubmatchIndex(line); at != nil {
			lines[i] = strings.Repeat(" ", at[2]) + line[at[3]:]
		}
	}
	return strings.Join(lines, "\n")
}

// Joined reports whether two texts follow each other without a space: both are of scripts written without.
func Joined(before, after string) bool {
	return unspaced(LastRune(before)) && unspaced(FirstRune(after))
}

// unspaced reports whether a character belongs to a script written without spaces between words, its punctuation included.
func unspaced(r rune) bool {
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar) ||
		r >= 0x3000 && r <= 0x303f || r >= 0xff00 && r <= 0xffef
}

// FirstRune is the first character of a text, or 0.
func FirstRune(s string) rune {
	for _, r := range s {
		return r
	}
	return 0
}

// LastRune is the last character of a text, or 0.
func LastRune(s string) rune {
	var last rune
	for i := max(0, len(s)-4); i < len(s); i++ {
		if s[i]&0xc0 != 0x80 {
			last = FirstRune(s[i:])
		}
	}
	return last
}
