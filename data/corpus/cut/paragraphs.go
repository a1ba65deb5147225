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
var paragraphed = kind{"paragraphs", func(d doc.Document, text string, _ Options) ([]Piece, bool) {
	var out []Piece
	var group []string
	size, line := 0, 0
	flush := func() {
		if len(group) > 0 {
			out = append(out, Piece{strconv.Itoa(len(out) + 1), "", clean.Fold(strings.Join(group, " ")), line})
			group, size = nil, 0
		}
	}
	count := doc.NewLines(text, d.Line)
	for _, p := range paragraphs(text) {
		at := count.Of(p[0])
		for _, piece := range sentences(clean.Fold(text[p[0]:p[1]]), groupMost) {
			if size > 0 && size+len(piece) > groupMost {
				flush()
			}
			if len(group) == 0 {
				line = at
			}
			group, size = append(group, piece), size+len(piece)
			if size >= groupLeast {
				flush()
			}
		}
	}
	flush()
	return out, true
}}

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
