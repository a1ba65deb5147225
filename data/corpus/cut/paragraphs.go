package cut

import (
	"strconv"
	"strings"

	"slm/data/corpus/clean"
	"slm/data/corpus/doc"
)

// paragraphs returns start and end of the blocks between blank lines, bytes.
func paragraphs(text string) [][2]int {
	var out [][2]int
	start, at := -1, 0
	for line := range strings.SplitAfterSeq(text, "\n") {
		blank := strings.TrimSpace(line) == ""
		if blank && start >= 0 {
			out, start = append(out, [2]int{start, at}), -1
		}
		if !blank && start < 0 {
			start = at
		}
		at += len(line)
	}
	if start >= 0 {
		out = append(out, [2]int{start, len(text)})
	}
	return out
}

const (
	groupLeast = 600  // characters after which a group of paragraphs is a section
	groupMost  = 1600 // a longer paragraph is cut at a sentence
)

// paragraphed is any text: paragraphs are grouped into sections of at least groupLeast characters, numbered from 1, without headings.
var paragraphed = kind{"paragraphs", func(p *page, _ doc.Document, _ Options) ([]Piece, bool) {
	g := group{page: p}
	for _, s := range p.spans {
		text := p.text[s.start:s.end]
		switch s.Kind {
		case doc.Prose, doc.Head:
			for _, at := range paragraphs(text) {
				for _, line := range sentences(clean.Fold(text[at[0]:at[1]]), groupMost) {
					g.add(line, false, s.start+at[0])
				}
			}
		case doc.Code, doc.Table:
			at := s.start
			for _, lines := range wholeLines(text, groupMost) {
				g.add(strings.TrimRight(strings.TrimLeft(lines, "\n"), " \t\n"), true, at)
				at += len(lines)
			}
		case doc.Aside:
		}
	}
	g.flush()
	return g.out, true
}}

// group gathers paragraphs to a section.
type group struct {
	page  *page
	text  string
	lined bool // the text ends in a line that stays one
	size  int
	line  int
	out   []Piece
}

// add takes up a paragraph; one that is lined keeps its lines.
func (g *group) add(text string, lined bool, at int) {
	if text == "" {
		return
	}
	if g.size > 0 && g.size+len(text) > groupMost {
		g.flush()
	}
	switch {
	case g.text == "":
		g.text, g.line = text, g.page.line(at)
	case lined || g.lined:
		g.text += "\n" + text
	case clean.Joined(g.text, text):
		g.text += text
	default:
		g.text += " " + text
	}
	g.lined, g.size = lined, g.size+len(text)
	if g.size >= groupLeast {
		g.flush()
	}
}

func (g *group) flush() {
	if g.text != "" {
		g.out = append(g.out, Piece{Number: strconv.Itoa(len(g.out) + 1), Text: g.text, Line: g.line})
		g.text, g.size, g.lined = "", 0, false
	}
}

// wholeLines cuts a text into pieces of at most most bytes at the ends of lines; a longer line is a piece.
func wholeLines(text string, most int) []string {
	var out []string
	start, at := 0, 0
	for line := range strings.SplitAfterSeq(text, "\n") {
		if at > start && at+len(line)-start > most {
			out, start = append(out, text[start:at]), at
		}
		at += len(line)
	}
	return append(out, text[start:])
}

// sentences cuts a line into pieces of at most most bytes, at the end of a sentence, else at a space, else at a character.
func sentences(line string, most int) []string {
	var out []string
	for len(line) > most {
		at := strings.LastIndexAny(line[:most], ".!?。！？")
		if at > most/2 {
			at += len(string(clean.FirstRune(line[at:])))
		} else if at = strings.LastIndexByte(line[:most], ' '); at <= most/2 {
			for at = most; line[at]&0xc0 == 0x80; at-- {
			}
		}
		out = append(out, strings.TrimSpace(line[:at]))
		line = strings.TrimSpace(line[at:])
	}
	if line != "" {
		out = append(out, line)
	}
	return out
}
