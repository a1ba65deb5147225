package doc

import "strings"

// Lines counts the lines of a text as it is gone through, so that many places cost one pass. Places are asked for in rising order.
type Lines struct {
	text string
	at   int // bytes counted
	line int // of text[at]
}

// NewLines counts the lines of a text whose first line has a number.
func NewLines(text string, first int) *Lines { return &Lines{text: text, line: first} }

// At returns the line of a byte.
func (l *Lines) At(at int) int {
	if at > l.at {
		l.line += strings.Count(l.text[l.at:at], "\n")
		l.at = at
	}
	return l.line
}

// Of returns the line on which the first character at or after a byte stands.
func (l *Lines) Of(at int) int {
	for at < len(l.text) && strings.IndexByte(" \t\n", l.text[at]) >= 0 {
		at++
	}
	return l.At(at)
}

// Before reports whether a byte stands where lines have not been counted yet.
func (l *Lines) Before(at int) bool { return l.at <= at }
