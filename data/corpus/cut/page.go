package cut

import (
	"html"
	"sort"
	"strings"

	"slm/data/corpus/clean"
	"slm/data/corpus/doc"
)

// Drop is a part of a document that is in none of its sections.
type Drop struct {
	Why    string
	Chars  int
	Line   int    // of the source, on which it begins
	Begins string // the first of it, to be recognised by
}

// beginning bounds Drop.Begins, characters.
const beginning = 80

// page is a document's text, clean and in one piece. Every character of it ends in a Piece or in a Drop.
type page struct {
	text  string
	spans []span // the blocks, in order
	drops []Drop

	renamed int        // headings that were told apart by a number
	lines   *doc.Lines // of the span that was asked for last
	last    int
}

// span is where a block stands in the text.
type span struct {
	start, end int
	doc.Block
}

func newPage(d doc.Document) *page {
	p := &page{last: -1}
	var text strings.Builder
	for _, b := range d.Blocks {
		cleaned := cleanOf(b)
		if b.Kind == doc.Aside {
			p.drops = append(p.drops, Drop{b.Why, doc.Chars(b.Text), b.Line, Begins(cleaned)})
		} else if lost := doc.Chars(b.Text) - doc.Chars(cleaned); lost > 0 {
			p.drops = append(p.drops, Drop{Why: "cleaned", Chars: lost, Line: b.Line})
		}
		start := text.Len()
		text.WriteString(cleaned)
		p.spans = append(p.spans, span{start, text.Len(), b})
	}
	p.text = text.String()
	return p
}

// Whole is a document's text in its canonical form, uncut: its lines as they are, asides left out.
func Whole(d doc.Document) string {
	var text strings.Builder
	for _, b := range d.Blocks {
		if b.Kind != doc.Aside {
			text.WriteString(cleanOf(b))
		} else if b.Break {
			text.WriteString("\n\n")
		}
	}
	return strings.TrimSpace(text.String())
}

// cleanOf is a block's text in its canonical form.
func cleanOf(b doc.Block) string {
	switch {
	case b.Kind == doc.Code && b.Entities:
		return clean.Code(html.UnescapeString(b.Text))
	case b.Kind == doc.Code:
		return clean.Code(b.Text)
	case b.Kind == doc.Table && b.Decoded:
		return clean.Lines(b.Text)
	case b.Kind == doc.Table:
		return clean.Lines(html.UnescapeString(b.Text))
	case b.Decoded:
		return clean.Decoded(b.Text)
	}
	return clean.Text(b.Text)
}

// drop says why a part of the text is in no section.
func (p *page) drop(why string, start, end int) {
	text, chars := p.fold(start, end), p.chars(start, end)
	if chars > 0 {
		p.drops = append(p.drops, Drop{why, chars, p.line(start), Begins(text)})
	}
}

// chars counts the characters from start to end, without those of asides, which are dropped already.
func (p *page) chars(start, end int) int {
	n := 0
	for s := range p.within(start, end) {
		if s.Kind != doc.Aside {
			n += doc.Chars(p.text[s.start:s.end])
		}
	}
	return n
}

// fold is the text from start to end as a section has it: prose in one line, code and tables in their own lines, asides left out.
func (p *page) fold(start, end int) string {
	var parts []string
	var prose strings.Builder
	flush := func() {
		if line := clean.Fold(prose.String()); line != "" {
			parts = append(parts, line)
		}
		prose.Reset()
	}
	for s := range p.within(start, end) {
		switch text := p.text[s.start:s.end]; s.Kind {
		case doc.Prose, doc.Head:
			prose.WriteString(text)
		case doc.Code, doc.Table:
			flush()
			if text = strings.TrimRight(strings.TrimLeft(text, "\n"), " \t\n"); text != "" {
				parts = append(parts, text)
			}
		case doc.Aside:
		}
	}
	flush()
	return strings.Join(parts, "\n")
}

// within yields the spans between start and end, cut to them.
func (p *page) within(start, end int) func(yield func(span) bool) {
	return func(yield func(span) bool) {
		for _, s := range p.spans[p.spanOf(start):] {
			if s.start >= end {
				return
			}
			s.start, s.end = max(s.start, start), min(s.end, end)
			if s.start < s.end && !yield(s) {
				return
			}
		}
	}
}

// spanOf is the span that holds a byte, or the last.
func (p *page) spanOf(at int) int {
	return max(0, min(len(p.spans)-1, sort.Search(len(p.spans), func(i int) bool { return p.spans[i].end > at })))
}

// line is where the first character at or behind a byte stands in the source.
func (p *page) line(at int) int {
	for at < len(p.text) && strings.IndexByte(" \t\n", p.text[at]) >= 0 {
		at++
	}
	if len(p.spans) == 0 {
		return 1
	}
	i := p.spanOf(at)
	s := p.spans[i]
	if i != p.last || p.lines == nil || !p.lines.Before(at-s.start) {
		p.last, p.lines = i, doc.NewLines(p.text[s.start:s.end], s.Line)
	}
	return p.lines.Of(at - s.start)
}

// masked is the text with blanks where code, tables and asides stand, byte for byte: what looks like a number there is none.
func (p *page) masked() string {
	plain := true
	for _, s := range p.spans {
		plain = plain && (s.Kind == doc.Prose || s.Kind == doc.Head)
	}
	if plain {
		return p.text
	}
	out := []byte(p.text)
	for _, s := range p.spans {
		if s.Kind == doc.Prose || s.Kind == doc.Head {
			continue
		}
		for i := s.start; i < s.end; i++ {
			if out[i] != '\n' {
				out[i] = ' '
			}
		}
	}
	return string(out)
}

// outlined reports whether the document is one with headings.
func (p *page) outlined(d doc.Document) bool {
	if !d.Outlined {
		return false
	}
	for _, s := range p.spans {
		if s.Kind == doc.Head {
			return true
		}
	}
	return d.Entitled
}

// Begins is the first of a text in one line, shortened.
func Begins(text string) string {
	text = clean.Fold(text)
	n := 0
	for i := range text {
		if n++; n > beginning {
			return text[:i] + "…"
		}
	}
	return text
}
