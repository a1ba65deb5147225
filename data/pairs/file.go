package pairs

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"slm/data/corpus/read"
	"slm/data/form"
	"slm/data/rows"
)

// ErrFormat says that a file of pairs breaks its format; the message names every line that does.
var ErrFormat = errors.New("bad pair")

// Fields says which fields of a file hold what, where their names are not those that Read knows. What is empty keeps the known names.
type Fields struct {
	Question  []string `yaml:"question" unset:"question" doc:"the question; several fields are joined with line breaks"`
	Knowledge string   `yaml:"knowledge" unset:"knowledge" doc:"the text that answers it"`
	Place     string   `yaml:"place" unset:"place" doc:"where that text is, in the form data.forms.place"`
}

// From says how a file of pairs is read.
type From struct {
	Fields *Fields   // nil: the known names
	Forms  *form.Set // what a place must look like; nil takes any
}

var format = rows.Format{Most: 4 << 20, Kind: ErrFormat, Noun: "pair"}

// Read reads pairs from a file of records (rows.Format): a question, the knowledge, and a place if the pair has one. It knows the fields of
// Alpaca (instruction, input, output), of Self-Instruct's tasks, of prompts with completions, of questions with answers, and conversations: OpenAI's messages and
// ShareGPT's. Of a conversation each question with the answer behind it is a pair.
func Read(path string, from From) ([]Pair, error) {
	b := builder{From: from, file: filepath.Base(path)}
	err := format.Read(path, b.add)
	return b.result(err)
}

// builder makes pairs of rows.
type builder struct {
	From
	file string // without its folder: what is made from pairs must not depend on that
	out  []Pair
}

func (b *builder) result(err error) ([]Pair, error) {
	switch {
	case errors.Is(err, ErrFormat):
		return nil, fmt.Errorf("pairs: %w", err)
	case err != nil:
		return nil, fmt.Errorf("pairs: %w: %w", read.ErrUnreadable, err)
	}
	return b.out, nil
}

// add makes pairs of a row. All that is wrong with the row is told.
func (b *builder) add(row rows.Row) error {
	asked, err := b.exchanges(row)
	if err != nil {
		return err
	}
	place, err := b.place(row)
	wrong := []error{err}
	source := fmt.Sprintf("%s:%d", b.file, row.Line)
	for i, x := range asked {
		id := source
		if i > 0 {
			id = fmt.Sprintf("%s/%d", source, i+1)
		}
		p := Pair{ID: id, Kind: File, Question: strings.TrimSpace(x.question), Place: place, Text: strings.TrimSpace(x.knowledge), Source: source, Line: row.Line}
		if rows.Blank(p.Question) {
			wrong = append(wrong, fmt.Errorf("%s is empty", x.from[0]))
		}
		if rows.Blank(p.Text) {
			wrong = append(wrong, fmt.Errorf("%s is empty", x.from[1]))
		}
		b.out = append(b.out, p)
	}
	return rows.Reasons(wrong...)
}

// place is where the row's knowledge stands. One that no section can have would be learnt and never found.
func (b *builder) place(row rows.Row) (string, error) {
	name := "place"
	if b.Fields != nil && b.Fields.Place != "" {
		name = b.Fields.Place
	}
	place, err := row.Text(name)
	place = strings.TrimSpace(place)
	switch {
	case err != nil || place == "" || b.Forms == nil:
		return place, err
	case !b.Forms.TwoSteps():
		return place, fmt.Errorf("field %q is %q, but the recipe has no form for places (data.forms.place)", name, place)
	case !fits(b.Forms.Place, place):
		return place, fmt.Errorf("field %q is %q, which is not of the form %q (data.forms.place)", name, place, b.Forms.Place)
	}
	return place, nil
}
