package cut

import (
	"strings"

	"slm/data/corpus/clean"
	"slm/data/corpus/doc"
)

// Split makes the documents of what a reader gives: the laws of a book of statutes, else, of Markdown, what stands below each first-level
// heading, else the whole.
func Split(d doc.Document) []doc.Document {
	if d.Record {
		return []doc.Document{d}
	}
	if parts := laws(d); parts != nil {
		return parts
	}
	if d.Markdown {
		return chapters(d)
	}
	return []doc.Document{d}
}

// chapters cuts a document at its first-level headings: each is the title of a document. What stands before the first keeps the title that
// the document has.
func chapters(d doc.Document) []doc.Document {
	c := newSplitter(d)
	title, start := d.Title, 0
	for _, h := range headings(d.Text) {
		if h.level == 1 {
			c.add(title, start, h.start)
			title, start = clean.Fold(clean.Text(h.text)), h.body
			c.whole.Headed = true
		}
	}
	c.add(title, start, len(d.Text))
	return c.parts
}

// splitter cuts a document into documents that follow each other in it.
type splitter struct {
	whole doc.Document // what the next part is like, but for title, text and line
	count *doc.Lines
	parts []doc.Document
}

func newSplitter(d doc.Document) *splitter {
	return &splitter{whole: d, count: doc.NewLines(d.Text, d.Line)}
}

// add makes a part of the text from start to end, unless it is blank.
func (s *splitter) add(title string, start, end int) {
	if text := s.whole.Text[start:end]; strings.TrimSpace(text) != "" {
		part := s.whole
		part.Title, part.Text, part.Line = title, strings.TrimLeft(text, " \t\n"), s.count.Of(start)
		s.parts = append(s.parts, part)
	}
}
