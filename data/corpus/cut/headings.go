package cut

import (
	"fmt"
	"strconv"

	"slm/data/corpus/doc"
)

// headed is a document with headings: a section of each heading that has a text of its own. A heading that stands twice in a document is
// told apart by the one above it, else by a number. Text before the first heading is a section without heading.
var headed = kind{"headings", func(p *page, d doc.Document, _ Options) ([]Piece, bool) {
	var heads []span
	count := map[string]int{}
	for _, s := range p.spans {
		if s.Kind == doc.Head {
			heads = append(heads, s)
			count[s.Title]++
		}
	}
	if len(heads) == 0 {
		return nil, false
	}
	var out []Piece
	if body := p.fold(0, heads[0].start); body != "" {
		out = append(out, Piece{Number: "1", Text: body, Line: p.line(0)})
	}
	var above [7]string
	told := map[string]int{}
	for i, h := range heads {
		end := len(p.text)
		if i+1 < len(heads) {
			end = heads[i+1].start
		}
		level := min(h.Level, len(above)-1)
		above[level] = h.Title
		title := h.Title
		for l := level - 1; count[h.Title] > 1 && l > 0; l-- {
			if above[l] != "" {
				title = above[l] + " – " + title
				break
			}
		}
		clear(above[level+1:])
		body := p.fold(h.end, end)
		if body == "" {
			p.drop("a heading without text", h.start, h.end)
			continue
		}
		if told[title]++; told[title] > 1 {
			title = fmt.Sprintf("%s (%d)", title, told[title])
			p.renamed++
		}
		out = append(out, Piece{Number: strconv.Itoa(len(out) + 1), Heading: title, Text: body, Line: p.line(h.start), Named: p.chars(h.start, h.end)})
	}
	return out, len(out) > 0
}}
