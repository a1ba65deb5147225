package cut

import (
	"fmt"
	"strconv"

	"slm/data/corpus/doc"
)

// inside stands between a heading and that of the part it is in: Linux › Install.
const inside = " › "

// shortMost is the text below a heading that is joined to what stands beside it, bytes.
const shortMost = 100

// headed is a document with headings: a section of each heading that has a text of its own. A heading that stands twice in a document is
// told apart by the one above it, else by a number. Text before the first heading is a section without heading, or with that of the page.
// What is longer than Options.Longest is cut into parts; what is short is joined to its neighbour.
var headed = kind{"headings", func(p *page, d doc.Document, opt Options) ([]Piece, bool) {
	list := unitsOf(p, d)
	if len(list) == 0 || len(list) == 1 && list[0].body == 0 && !d.Outlined {
		return nil, false
	}
	return pieces(p, list, opt), true
}}

// paged is a page of a folder without headings. It has that of the page.
var paged = kind{"paragraphs", func(p *page, d doc.Document, opt Options) ([]Piece, bool) {
	if !d.Page {
		return nil, false
	}
	return pieces(p, unitsOf(p, d), opt), true
}}

func pieces(p *page, list []unit, opt Options) []Piece {
	if opt.Longest > 0 {
		list = p.joined(list, opt.Longest)
	}
	n := naming{told: map[string]int{}}
	for _, u := range list {
		n.cut(p, u, opt)
	}
	p.renamed = n.renamed
	return n.out
}

// unit is what stands below a heading.
type unit struct {
	heading, above string // above is the heading of the part that it is in
	level          int
	start, body    int  // of the heading, and of what stands below it
	twice          bool // the heading stands elsewhere in the document, too
	atoms          []atom
	more           []string // headings of what was joined to it
}

func (u unit) size() int { return len(written(u.atoms)) }

// unitsOf are the headings of a page with what stands below them; nil when it has no heading.
func unitsOf(p *page, d doc.Document) []unit {
	var list []unit
	count := map[string]int{}
	for _, s := range p.spans {
		if s.Kind == doc.Head {
			list = append(list, unit{heading: s.Title, level: s.Level, start: s.start, body: s.end})
			count[s.Title]++
		}
	}
	if len(list) == 0 && !d.Page {
		return nil
	}
	var above []unit
	for i := range list {
		u, end := &list[i], len(p.text)
		if i+1 < len(list) {
			end = list[i+1].start
		}
		u.twice = count[u.heading] > 1
		for len(above) > 0 && above[len(above)-1].level >= u.level {
			above = above[:len(above)-1]
		}
		if len(above) > 0 {
			u.above = above[len(above)-1].heading
		}
		above = append(above, *u)
		u.atoms = p.atoms(u.body, end)
	}
	first, end := unit{}, len(p.text)
	if len(list) > 0 {
		end = list[0].start
	}
	if d.Page {
		first.heading = d.Own
	}
	if first.atoms = p.atoms(0, end); len(first.atoms) > 0 {
		list = append([]unit{first}, list...)
	}
	return list
}

// joined joins short texts to the text before them, if that is of their part or its beginning.
func (p *page) joined(list []unit, longest int) []unit {
	var out []unit
	last := -1 // the unit before that has a text
	for _, u := range list {
		size := u.size()
		head := p.fold(u.start, u.body)
		if size > 0 && size < shortMost && last >= 0 && beside(out[last], u) && out[last].size()+size+len(head) < longest {
			to := &out[last]
			to.more = append(to.more, u.heading)
			to.atoms = append(append(to.atoms, atom{text: head, kind: header, start: u.start}), u.atoms...)
			continue
		}
		if size > 0 {
			last = len(out)
		}
		out = append(out, u)
	}
	return out
}

// beside reports whether a unit stands in the same part as one before it, or that one heads its part.
func beside(before, u unit) bool {
	return before.heading != "" && (before.above == u.above && before.level == u.level || before.heading == u.above && before.level < u.level)
}

// naming makes pieces of units, no two of the same name.
type naming struct {
	told    map[string]int
	renamed int
	out     []Piece
}

func (n *naming) cut(p *page, u unit, opt Options) {
	if len(u.atoms) == 0 {
		p.drop("a heading without text", u.start, u.body)
		return
	}
	heading := u.heading
	if u.twice && u.above != "" {
		heading = u.above + inside + heading
	}
	if len(u.more) > 0 {
		heading = together(heading, u)
	}
	parts := [][]atom{u.atoms}
	if opt.Longest > 0 {
		parts = fitted(entriesApart(u.atoms), opt.Longest)
	}
	names := terms(parts, heading)
	for i, part := range parts {
		name := heading
		switch {
		case i > 0 && heading != "" && names[i] != "":
			name += inside + names[i]
		case i > 0 && heading != "":
			name += fmt.Sprintf(" (%d of %d)", i+1, len(parts))
		case i > 0:
			name = names[i]
		}
		piece := Piece{Number: strconv.Itoa(len(n.out) + 1), Heading: n.free(name), Text: written(part), Line: p.line(part[0].start)}
		if i == 0 {
			piece.Line, piece.Named = p.line(u.start), p.chars(u.start, u.body)
		}
		n.out = append(n.out, piece)
	}
}

// together names a short text with the short ones that were joined to it: Debug / Trace.
func together(heading string, u unit) string {
	own := 0
	for _, a := range u.atoms {
		if a.kind == header {
			break
		}
		own += len(a.text) + 1
	}
	if own > shortMost {
		return heading
	}
	for _, more := range u.more {
		if len(heading)+len(more) > headMost {
			break
		}
		heading += " / " + more
	}
	return heading
}

// free is a heading that no other piece has.
func (n *naming) free(heading string) string {
	if heading == "" {
		return ""
	}
	if n.told[heading]++; n.told[heading] > 1 {
		n.renamed++
		return fmt.Sprintf("%s (%d)", heading, n.told[heading])
	}
	return heading
}
