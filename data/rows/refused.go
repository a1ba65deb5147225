package rows

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// told is how many refused lines are told one by one.
const told = 20

// Refused are the lines of a file that cannot be used.
type Refused struct {
	name  string
	first []refusedLine // the first told reasons
	all   int           // reasons
	lines map[int]bool  // with one
}

type refusedLine struct {
	line int
	err  error // with its place
}

// Of is for the lines of a file of that name.
func Of(name string) *Refused { return &Refused{name: name, lines: map[int]bool{}} }

// Add takes up a line, counted from 1, and why it is refused. A reason made by column is told with its column.
func (r *Refused) Add(line int, why error) {
	r.all++
	if r.lines[line] = true; len(r.first) == told {
		return
	}
	place := fmt.Sprintf("%s:%d", r.name, line)
	var at *column
	if errors.As(why, &at) {
		place = fmt.Sprintf("%s:%d", place, at.column)
	}
	r.first = append(r.first, refusedLine{line, fmt.Errorf("%s: %w", place, why)})
}

// column is a reason with the place in its line.
type column struct {
	column int // in bytes, from 1
	error
}

func (c *column) Unwrap() error { return c.error }

// Any says whether a line was refused.
func (r *Refused) Any() bool { return r.all > 0 }

// Err is nil when no line was refused. It wraps kind and the reasons that it tells.
func (r *Refused) Err(kind error) error {
	if r.all == 0 {
		return nil
	}
	slices.SortStableFunc(r.first, func(a, b refusedLine) int { return cmp.Compare(a.line, b.line) })
	return &refusal{kind, *r}
}

type refusal struct {
	kind error
	Refused
}

// Error is one line for one refused line: "bad question: qa.jsonl:812: field "answer" is empty". Several have a line each.
func (r *refusal) Error() string {
	if r.all == 1 {
		return fmt.Sprintf("%v: %v", r.kind, r.first[0].err)
	}
	var b strings.Builder
	of := "on one line"
	if n := len(r.lines); n > 1 {
		of = fmt.Sprintf("on %d lines", n)
	}
	fmt.Fprintf(&b, "%v, %s:", r.kind, of)
	for _, l := range r.first {
		fmt.Fprintf(&b, "\n  %v", l.err)
	}
	if more := r.all - len(r.first); more > 0 {
		fmt.Fprintf(&b, "\n  and %d more", more)
	}
	return b.String()
}

func (r *refusal) Unwrap() []error {
	errs := []error{r.kind}
	for _, l := range r.first {
		errs = append(errs, l.err)
	}
	return errs
}

// Reasons is all that is wrong with a record as one error, which is told on one line; nil if there is nothing.
func Reasons(wrong ...error) error {
	all := errors.Join(wrong...)
	if _, several := all.(interface{ Unwrap() []error }); !several {
		return all
	}
	return &reasons{all}
}

type reasons struct{ error }

func (r *reasons) Error() string { return strings.ReplaceAll(r.error.Error(), "\n", "; ") }
func (r *reasons) Unwrap() error { return r.error }
