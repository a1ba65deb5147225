package exam

import (
	"encoding/json"
	"fmt"
	"strings"

	"slm/data/rows"
)

// cited is what a row says of the sections that answer its question, before it is known which these are.
type cited struct {
	file   string
	line   int
	places []citation
}

// citation is a section as a row names it: by title, number and heading, of which any may be missing, or in a text.
type citation struct{ title, number, heading, text string }

// Cite is a question that is answered at a place, which stands on a line of a file: a text that cites a section, as in a row. Locate finds it.
func Cite(question, place, file string, line int) Item {
	return Item{Question: question, Answer: -1, cited: &cited{file, line, []citation{{text: strings.TrimSpace(place)}}}}
}

// String is the citation as a message shows it.
func (c citation) String() string {
	if c.text != "" {
		return fmt.Sprintf("%q", c.text)
	}
	var parts []string
	for _, f := range [][2]string{{"title", c.title}, {"number", c.number}, {"heading", c.heading}} {
		if f[1] != "" {
			parts = append(parts, f[0]+" "+f[1])
		}
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

// evidence reads what a row says of the places of its answer.
func (b *builder) evidence(row rows.Row, f Fields, item *Item) error {
	focus, err := row.Text(f.Focus)
	item.Focus = strings.TrimSpace(focus)
	c := &cited{file: b.file, line: row.Line}
	v, _ := row.Value(f.Places)
	var wrong error
	switch v := v.(type) {
	case nil:
	case []any:
		var all []error
		for i, v := range v {
			all = append(all, c.add(fmt.Sprintf("field %q: entry %d", f.Places, i), v))
		}
		wrong = rows.Reasons(all...)
	default:
		wrong = c.add(fmt.Sprintf("field %q", f.Places), v)
	}
	if len(c.places) > 0 || item.Focus != "" {
		item.cited = c
	}
	return rows.Reasons(err, wrong)
}

// add takes up one place. The name of its field is for messages.
func (c *cited) add(field string, v any) error {
	switch v := v.(type) {
	case string:
		return c.addText(field, v)
	case rows.Cell:
		return c.addText(field, string(v))
	case rows.Object:
		var of citation
		for _, f := range []struct {
			name string
			to   *string
		}{{"title", &of.title}, {"number", &of.number}, {"heading", &of.heading}} {
			switch v, _ := v.Value(f.name); v := v.(type) {
			case nil:
			case string:
				*f.to = strings.TrimSpace(v)
			case json.Number:
				*f.to = v.String()
			default:
				return fmt.Errorf("%s: %s is %s; it must be text", field, f.name, rows.Describe(v))
			}
		}
		if of == (citation{}) {
			return fmt.Errorf("%s has %s; a place has a title, a number or a heading", field, strings.Join(v.Names, ", "))
		}
		c.places = append(c.places, of)
		return nil
	}
	return fmt.Errorf("%s is %s; it must be an object with title, number or heading, or a text that cites a section", field, rows.Describe(v))
}

func (c *cited) addText(field, text string) error {
	if rows.Blank(text) {
		return fmt.Errorf("%s is empty", field)
	}
	c.places = append(c.places, citation{text: strings.TrimSpace(text)})
	return nil
}
