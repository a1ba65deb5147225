package schema

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"slm/pipeline/plain"
)

// Place is where a setting stands.
type Place struct {
	File string // as the user named it; "-s" or "environment" when it is no file
	Line int    // 1-based; 0 = unknown. For -s the number of the flag
	Col  int    // 1-based, in characters
	Len  int    // characters to underline
	Text string // the line
}

// String is file:line:col, as compilers write it.
func (p Place) String() string {
	if p.Line == 0 {
		return p.File
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Col)
}

// Problem is one mistake: where, what, and what to do about it.
type Problem struct {
	Place
	What string
	Note string // shown behind the carets; may be empty
}

func (p Problem) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s", plain.Line(p.String()), plain.Line(p.What))
	note := plain.Line(p.Note)
	if p.Line == 0 || p.Text == "" {
		if note != "" {
			b.WriteString("\n      " + note)
		}
		return b.String()
	}
	text, col := excerpt(p.Text, p.Col)
	fmt.Fprintf(&b, "\n%5d | %s\n      | %s%s", p.Line, text, strings.Repeat(" ", max(col-1, 0)), strings.Repeat("^", max(p.Len, 1)))
	if note != "" {
		b.WriteString(" " + note)
	}
	return b.String()
}

// excerpt shortens a long line to a window around the column and returns the column within it.
func excerpt(line string, col int) (string, int) {
	const before, width = 60, 160 // characters
	line = plain.Line(line)
	if utf8.RuneCountInString(line) <= width {
		return line, col
	}
	runes := []rune(line)
	start := min(max(col-1-before, 0), len(runes))
	shown := string(runes[start:min(start+width, len(runes))])
	if start > 0 {
		return "…" + shown, col - start + 1
	}
	return shown, col
}

// Problems is every mistake of one check, in the order of the text. It is an error when it is not empty.
type Problems []Problem

func (ps Problems) Error() string {
	lines := make([]string, 0, len(ps)+1)
	for _, p := range ps {
		lines = append(lines, p.Error())
	}
	noun := "problems"
	if len(ps) == 1 {
		noun = "problem"
	}
	return strings.Join(append(lines, fmt.Sprintf("%d %s; nothing was run", len(ps), noun)), "\n")
}

// Err is ps as an error: nil when there is no problem.
func (ps Problems) Err() error {
	if len(ps) == 0 {
		return nil
	}
	return ps
}

// Sort orders problems by place and drops repetitions. Files keep the order in which they first occur.
func (ps Problems) Sort() Problems {
	rank := map[string]int{}
	for _, p := range ps {
		if _, ok := rank[p.File]; !ok {
			rank[p.File] = len(rank)
		}
	}
	slices.SortStableFunc(ps, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(rank[a.File], rank[b.File]), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Col, b.Col))
	})
	return slices.Compact(ps)
}
