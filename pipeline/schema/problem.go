package schema

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"slm/internal/sanitize"
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
	fmt.Fprintf(&b, "%s: %s", sanitize.Line(p.String()), short(sanitize.Line(p.What)))
	note := short(sanitize.Line(p.Note))
	if p.Line == 0 || p.Text == "" {
		if note != "" {
			b.WriteString("\n      " + note)
		}
		return b.String()
	}
	text, col := excerpt(veil(p.Text), p.Col)
	fmt.Fprintf(&b, "\n%5d | %s\n      | %s%s", p.Line, text, strings.Repeat(" ", max(col-1, 0)), strings.Repeat("^", max(1, min(p.Len, utf8.RuneCountInString(text)-col+1))))
	if note != "" {
		b.WriteString(" " + note)
	}
	return b.String()
}

// short leaves out the middle of a message that quotes something long.
func short(text string) string {
	const most, end = 600, 100 // characters
	if len(text) <= most {
		return text
	}
	runes := []rune(text)
	if len(runes) <= most {
		return text
	}
	return string(runes[:most-end]) + " … " + string(runes[len(runes)-end:])
}

// secret is what may be a key: the value of a field with such a name, or with dashes in its name as HTTP headers have them, that is no name in
// capitals, and in an address what stands before the host, and what stands behind it; and what begins as many keys do.
var secret = regexp.MustCompile(`(?i)((?:(?:key|token|secret|password|authorization)\w*|\b[a-z][a-z0-9]*(?:-[a-z0-9]+)+)["']?\s*[:=]\s*["']?)((?:bearer |basic )?[^\s"',}\]]{8,})|(://)([^/\s@]+)@|(://[^/\s"',}\]@]+/)([^\s"',}\]]+)|(\bsk-)([^\s"',}\]:]{6,})`)

var (
	capitals = regexp.MustCompile(`^[A-Z_][A-Z0-9_]*$`)
	version  = regexp.MustCompile(`^v[0-9]+$`)
)

// veil puts stars in the place of what may be a key.
func veil(line string) string {
	stars := func(text string) string { return strings.Repeat("*", utf8.RuneCountInString(text)) }
	return secret.ReplaceAllStringFunc(line, func(m string) string {
		g := secret.FindStringSubmatch(m)
		switch {
		case g[3] != "":
			return g[3] + stars(g[4]) + "@"
		case g[5] != "":
			parts := strings.Split(g[6], "/")
			for i, part := range parts {
				if !version.MatchString(part) {
					parts[i] = stars(part)
				}
			}
			return g[5] + strings.Join(parts, "/")
		case g[7] != "":
			return stars(m)
		case capitals.MatchString(g[2]):
			return m
		}
		return g[1] + stars(g[2])
	})
}

// excerpt shortens a long line to a window around the column and returns the column within it.
func excerpt(line string, col int) (string, int) {
	const before, width = 60, 160 // characters
	line = sanitize.Line(line)
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

// mostShown bounds how many problems are written out: a file of another kind has one on every line.
const mostShown = 50

func (ps Problems) Error() string {
	lines := make([]string, 0, min(len(ps), mostShown)+2)
	for _, p := range ps[:min(len(ps), mostShown)] {
		lines = append(lines, p.Error())
	}
	if more := len(ps) - mostShown; more > 0 {
		lines = append(lines, fmt.Sprintf("… and %d more", more))
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
