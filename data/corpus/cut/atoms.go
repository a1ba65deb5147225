package cut

import (
	"regexp"
	"sort"
	"strings"

	"slm/data/corpus/clean"
	"slm/data/corpus/doc"
)

// atom is the least part of a page that is not cut: a paragraph, an item of a list, a block of code, a table.
type atom struct {
	text  string // as a section has it
	kind  atomKind
	start int  // byte of the page
	alone bool // it is a section by itself: an entry of a reference list or of a table of options
}

type atomKind uint8

const (
	paragraph atomKind = iota
	item
	code
	table
	header // a heading among the text of a section that short ones were joined to
)

// bullet matches the mark of a list's item at the start of a line.
var bullet = regexp.MustCompile(`^[ \t]*(?:[-*+•]|\d{1,9}[.)]|#\.)[ \t]+\S`)

// nested matches the indentation of an item of a list within a list.
var nested = regexp.MustCompile(`^(?: {2,}|\t)`)

// atoms are the text from start to end, asides left out. Joined by line ends they hold every character of it but white space.
func (p *page) atoms(start, end int) []atom {
	g := gatherer{}
	for s := range p.within(start, end) {
		text := p.text[s.start:s.end]
		switch s.Kind {
		case doc.Prose:
			g.lines(table, code)
			g.prose(text, s.start)
		case doc.Head:
			g.end()
			if line := clean.Fold(text); line != "" {
				g.out = append(g.out, atom{text: line, kind: header, start: s.start})
			}
		case doc.Code:
			g.lined(text, code, s.start)
		case doc.Table:
			g.lined(text, table, s.start)
		case doc.Aside:
			if s.Break {
				g.prose("\n\n", s.start)
			}
		}
	}
	g.end()
	return g.out
}

// gatherer makes atoms of spans. What an aside stands in the middle of is one.
type gatherer struct {
	out   []atom
	text  strings.Builder // of what is open
	kind  atomKind        // of what is open: paragraph stands for all prose
	begun []begun         // where its parts stand
}

// begun says which byte of the page a byte of the open text is.
type begun struct{ at, page int }

func (g *gatherer) prose(text string, at int) {
	if g.kind != paragraph {
		if strings.TrimSpace(text) == "" {
			return
		}
		g.end()
	}
	g.write(text, at)
}

func (g *gatherer) lined(text string, kind atomKind, at int) {
	if g.kind != kind {
		g.end()
		g.kind = kind
	}
	g.write(text, at)
}

// lines ends what is open if it is of one of these kinds, whose last line has ended.
func (g *gatherer) lines(kinds ...atomKind) {
	for _, k := range kinds {
		if g.kind == k && strings.HasSuffix(g.text.String(), "\n") {
			g.end()
		}
	}
}

func (g *gatherer) write(text string, at int) {
	g.begun = append(g.begun, begun{g.text.Len(), at})
	g.text.WriteString(text)
}

// page is the byte of the page that a byte of the open text is.
func (g *gatherer) page(at int) int {
	i := max(0, sort.Search(len(g.begun), func(i int) bool { return g.begun[i].at > at })-1)
	return g.begun[i].page + at - g.begun[i].at
}

// end ends what is open.
func (g *gatherer) end() {
	text := g.text.String()
	if g.kind != paragraph {
		if kept := strings.TrimRight(strings.TrimLeft(text, "\n"), " \t\n"); kept != "" {
			g.out = append(g.out, atom{text: kept, kind: g.kind, start: g.page(strings.Index(text, kept))})
		}
	} else {
		g.paragraphs(text)
	}
	g.text.Reset()
	g.kind, g.begun = paragraph, g.begun[:0]
}

// paragraphs cuts prose at blank lines and in front of the items of lists.
func (g *gatherer) paragraphs(text string) {
	for _, at := range paragraphs(text) {
		start, kind := at[0], paragraph
		flush := func(end int) {
			if line := clean.Fold(text[start:end]); line != "" {
				if kind == item && nested.MatchString(text[start:end]) {
					line = "  " + line
				}
				g.out = append(g.out, atom{text: line, kind: kind, start: g.page(start)})
			}
			start = end
		}
		next := at[0]
		for line := range strings.SplitAfterSeq(text[at[0]:at[1]], "\n") {
			if bullet.MatchString(line) {
				flush(next)
				kind = item
			}
			next += len(line)
		}
		flush(at[1])
	}
}

// written is the text of atoms as a section has it, a line each, and code and tables in lines of their own.
func written(atoms []atom) string {
	lines := make([]string, len(atoms))
	for i, a := range atoms {
		lines[i] = a.text
	}
	return strings.Join(lines, "\n")
}
