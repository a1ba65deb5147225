package schema

import (
	"regexp"
	"strings"
)

// topField is a line that begins a field of the outermost mapping.
var topField = regexp.MustCompile(`^[A-Za-z0-9_"'-]+ *:( |$)`)

// mostParts bounds how many fields are read apart: no recipe has as many.
const mostParts = 1000

// lenient reads a text that is no YAML field by field, so that a slip in one section hides nothing in the others. It returns the
// problems of the sections that cannot be read, or whole when each by itself can be.
func (l *Layer) lenient(whole Problems) Problems {
	var starts []int
	for i, line := range l.lines {
		if i == 0 || topField.MatchString(line) {
			starts = append(starts, i)
		}
	}
	if l.path != nil || len(starts) < 2 || len(starts) > mostParts {
		return whole
	}
	var problems Problems
	for i, from := range starts {
		to := len(l.lines)
		if i+1 < len(starts) {
			to = starts[i+1]
		}
		part := &Layer{kind: l.kind, file: l.file, lines: l.lines[from:to], first: l.first + from}
		root, found := part.tree(strings.Join(part.lines, "\n"))
		if part.root = root; root != nil {
			l.parts = append(l.parts, part)
		}
		problems = append(problems, found...)
	}
	if len(problems) == 0 {
		l.parts = nil
		return whole
	}
	return problems
}

// pieces is what a layer can be read from: itself, or its parts.
func (l *Layer) pieces() []*Layer {
	if l.parts != nil {
		return l.parts
	}
	return []*Layer{l}
}
