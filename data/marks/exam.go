package marks

import (
	"bytes"
	"encoding/json"
	"iter"
	"strings"

	"slm/checkpoint"
	"slm/data/corpus"
	"slm/data/exam"
	"slm/data/form"
	"slm/data/rows"
)

// Row is a question of the exam that marks make, as exam.Read reads it.
type Row struct {
	Question string  `json:"question"`
	Places   []Place `json:"places"`
}

// Place names a section by its heading, or by its number where no heading tells it from others below its title.
type Place struct {
	Title   string `json:"title"`
	Number  string `json:"number,omitempty"`
	Heading string `json:"heading,omitempty"`
}

// Count is what became of the answers. Every one is counted once.
type Count struct {
	Right     int `json:"right"`     // marked y: a row each
	Corrected int `json:"corrected"` // marked n, with the right place: a row each
	Lost      int `json:"lost"`      // marked n, without a place: no row
	Refusals  int `json:"refusals"`  // marked y, and the run had said that nothing is about the question: no row
	Placeless int `json:"placeless"` // marked y, and the answer has no place: no row
	Unmarked  int `json:"unmarked"`
}

// Rows makes the exam of the answers of a file, which is named for messages. A place that the corpus does not have is an error with its line.
func Rows(file string, answers []Answer, sections iter.Seq2[corpus.Section, error], forms form.Set) ([]Row, Count, error) {
	c, err := chart(sections, forms)
	if err != nil {
		return nil, Count{}, err
	}
	var count Count
	var items []exam.Item
	take := func(n *int, question, place string, line int) {
		*n++
		if id := c.places[spelled(place)]; id != "" {
			place = id
		}
		items = append(items, exam.Cite(question, place, file, line))
	}
	for _, a := range answers {
		switch {
		case a.Right == "":
			count.Unmarked++
		case a.Right == "n" && rows.Blank(a.Instead):
			count.Lost++
		case a.Right == "n":
			take(&count.Corrected, a.Question, a.Instead, a.InsteadLine)
		case a.Refused:
			count.Refusals++
		case rows.Blank(a.Place):
			count.Placeless++
		default:
			take(&count.Right, a.Question, a.Place, a.PlaceLine)
		}
	}
	found, err := exam.Locate(items, sections, forms)
	if err != nil {
		return nil, count, err
	}
	if len(found.Missing) > 0 {
		refused := rows.Of(file)
		for _, m := range found.Missing {
			refused.Add(m.Line, m)
		}
		return nil, count, failed(refused.Err(exam.ErrFormat))
	}
	var out []Row
	for _, item := range items {
		row := Row{Question: item.Question}
		for _, id := range item.Sections {
			row.Places = append(row.Places, c.names[id])
		}
		out = append(out, row)
	}
	return out, count, nil
}

// Write writes the exam as JSONL.
func Write(path string, exam []Row) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	for _, row := range exam {
		if err := enc.Encode(row); err != nil {
			return err
		}
	}
	return checkpoint.WriteFileAtomic(path, b.Bytes())
}

// sectionChart is how the sections of a corpus are named.
type sectionChart struct {
	places map[string]string // a place as answers spell it → id of the first section that has it
	names  map[string]Place  // id → its name
}

func chart(sections iter.Seq2[corpus.Section, error], forms form.Set) (*sectionChart, error) {
	c := &sectionChart{map[string]string{}, map[string]Place{}}
	type heading struct{ title, heading string }
	of := func(s corpus.Section) heading { return heading{spelled(s.Title), spelled(s.Heading)} }
	times := map[heading]int{}
	for s, err := range sections {
		if err != nil {
			return nil, err
		}
		times[of(s)]++
		if place := spelled(form.InLine(forms.PlaceOf(s))); c.places[place] == "" {
			c.places[place] = s.ID
		}
	}
	for s, err := range sections {
		if err != nil {
			return nil, err
		}
		name := Place{Title: s.Title, Heading: s.Heading}
		if s.Heading == "" || times[of(s)] > 1 {
			name = Place{Title: s.Title, Number: s.Number}
		}
		c.names[s.ID] = name
	}
	return c, nil
}

// spelled makes case and blanks even.
func spelled(text string) string { return strings.ToLower(strings.Join(strings.Fields(text), " ")) }
