package cut

import (
	"slices"
	"strings"

	"slm/data/corpus/doc"
)

// Split makes the documents of what a reader gives: the laws of a book of statutes, else, of a format with headings, the page of a folder as one,
// or what stands below each first-level heading, else the entries of a list of them, else the whole.
func Split(d doc.Document) []doc.Document {
	switch {
	case d.Record:
		return []doc.Document{d}
	case isBook(d):
		return laws(d)
	case d.Page && d.Outlined:
		return []doc.Document{entitled(d)}
	case d.Outlined && !d.Entitled:
		return chapters(d)
	case isEntries(d):
		return entries(d)
	}
	return []doc.Document{d}
}

// entitled gives a page the title of its heading: the first of the first level, or one with which the page begins and which is above all others.
// A title of the page's metadata stays, and one that the heading repeats is told once.
func entitled(d doc.Document) doc.Document {
	first, level, others := -1, 7, 0
	for i, b := range d.Blocks {
		switch {
		case b.Kind == doc.Head && b.Level < level:
			first, level, others = i, b.Level, 0
		case b.Kind == doc.Head && b.Level == level:
			others++
		}
	}
	if first < 0 || level > 1 && (others > 0 || slices.ContainsFunc(d.Blocks[:first], isText)) {
		return d
	}
	h := d.Blocks[first]
	if d.Entitled && !strings.EqualFold(h.Title, d.Title) {
		return d
	}
	d.Title, d.Entitled, d.Named = h.Title, true, d.Named+doc.Chars(h.Text)
	d.Blocks = slices.Concat(d.Blocks[:first], d.Blocks[first+1:])
	return d
}

func isText(b doc.Block) bool { return b.Kind != doc.Aside && strings.TrimSpace(b.Text) != "" }

// chapters cuts a document at its first-level headings: each is the title of a document. What stands before the first keeps the title that
// the document has.
func chapters(d doc.Document) []doc.Document {
	c := chapter{next: d}
	start := 0
	for i, h := range d.Heads(1) {
		c.add(d.Blocks[start:i])
		c.next.Title, c.next.Entitled, c.next.Named = h.Title, true, doc.Chars(h.Text)
		c.head, start = h, i+1
	}
	c.add(d.Blocks[start:])
	if len(c.left) > 0 && len(c.out) > 0 {
		last := &c.out[len(c.out)-1]
		last.Blocks = slices.Concat(last.Blocks, c.left)
	} else if len(c.left) > 0 {
		d.Blocks = c.left
		return []doc.Document{d}
	}
	return c.out
}

// chapter makes a document after the other.
type chapter struct {
	next doc.Document // but for its blocks
	head doc.Block    // its heading
	left []doc.Block  // asides, and headings with nothing below them, that the document behind them holds
	out  []doc.Document
}

// add ends a document, if there is any text.
func (c *chapter) add(blocks []doc.Block) {
	if slices.ContainsFunc(blocks, isText) {
		part := c.next
		part.Blocks = slices.Concat(c.left, blocks)
		c.out, c.left = append(c.out, part), nil
		return
	}
	if c.next.Named > 0 {
		c.left = append(c.left, doc.Block{Kind: doc.Aside, Why: "a heading without text", Text: c.head.Text, Line: c.head.Line})
	}
	for _, b := range blocks {
		if b.Kind == doc.Aside {
			c.left = append(c.left, b)
		}
	}
}
