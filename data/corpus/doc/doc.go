// Package doc holds what readers give and cutting takes: documents on their way through the corpus.
package doc

import "strings"

// Document is one text with what its file says about it. Titles need not be unique yet.
type Document struct {
	Title    string
	Source   string // the file, as Section.Source names it
	Line     int    // of the source on which the text begins, from 1
	Text     string // not cleaned
	Markdown bool   // the text is Markdown
	Headed   bool   // the title is a heading of a Markdown file
	Record   bool   // it is a row of a table, not a file: one document, or with a number or heading one section of the document it names
	Number   string // of a record
	Heading  string // of a record
}

// IsSection reports whether the document is a section already.
func (d Document) IsSection() bool { return d.Record && (d.Number != "" || d.Heading != "") }

// Lines counts the lines of a text as it is gone through, so that many places cost one pass.
type Lines struct {
	text string
	at   int // bytes counted
	line int // of text[at]
}

// NewLines counts the lines of a text whose first line has a number.
func NewLines(text string, first int) *Lines { return &Lines{text: text, line: first} }

// Of returns the line on which the first character at or after byte at stands. Places are asked for in rising order.
func (l *Lines) Of(at int) int {
	for at < len(l.text) && strings.IndexByte(" \t\n", l.text[at]) >= 0 {
		at++
	}
	if at > l.at {
		l.line += strings.Count(l.text[l.at:at], "\n")
		l.at = at
	}
	return l.line
}
