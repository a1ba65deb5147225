// Package rows reads files of JSON lines. All lines that are refused are told at once, so that a file is mended in one go.
package rows

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strings"
)

// told is how many refused lines are told one by one.
const told = 20

// Refused are the lines of a file that cannot be used.
type Refused struct {
	name  string
	first []error // the first told of them, each with its place
	lines int
}

// Of is for the lines of a file of that name.
func Of(name string) *Refused { return &Refused{name: name} }

// Add takes up a line, counted from 1, and why it is refused.
func (r *Refused) Add(line int, why error) {
	if r.lines++; len(r.first) < told {
		r.first = append(r.first, fmt.Errorf("%s:%d: %w", r.name, line, why))
	}
}

// Any says whether a line was refused.
func (r *Refused) Any() bool { return r.lines > 0 }

// Err is nil when no line was refused. It wraps kind and the reasons that it tells.
func (r *Refused) Err(kind error) error {
	if r.lines == 0 {
		return nil
	}
	return &refusal{kind, *r}
}

type refusal struct {
	kind error
	Refused
}

// Error is one line for one refused line: "bad question: qa.jsonl:812: field "answer" is empty". Several have a line each.
func (r *refusal) Error() string {
	if r.lines == 1 {
		return fmt.Sprintf("%v: %v", r.kind, r.first[0])
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%v, on %d lines:", r.kind, r.lines)
	for _, err := range r.first {
		fmt.Fprintf(&b, "\n  %v", err)
	}
	if more := r.lines - len(r.first); more > 0 {
		fmt.Fprintf(&b, "\n  and %d more", more)
	}
	return b.String()
}

func (r *refusal) Unwrap() []error { return append([]error{r.kind}, r.first...) }

// Read gives each line that is not blank to use, with its number from 1; the text is valid until use returns. What use refuses is told in one
// error of a kind. A line of more than most bytes ends the reading.
func Read(from io.Reader, name string, most int, kind error, use func(line int, text []byte) error) error {
	scan := bufio.NewScanner(from)
	scan.Buffer(make([]byte, 0, min(most, 1<<16)), most)
	refused, line := Of(name), 0
	for scan.Scan() {
		line++
		if len(bytes.TrimSpace(scan.Bytes())) == 0 {
			continue
		}
		if err := use(line, scan.Bytes()); err != nil {
			refused.Add(line, err)
		}
	}
	if err := scan.Err(); err != nil {
		refused.Add(line+1, err)
	}
	return refused.Err(kind)
}
