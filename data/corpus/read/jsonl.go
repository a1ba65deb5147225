package read

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
	"strings"

	"slm/data/corpus/clean"
	"slm/data/corpus/doc"
	"slm/data/rows"
)

// jsonl has an object a line. One with a number or a heading is a section of the document it names, any other is a document. Behind one that
// cannot be used, the rest of the file is read for others like it alone.
var jsonl = Format{Name: "JSONL", Ends: []string{".jsonl", ".ndjson"}, Read: func(in *Input) iter.Seq2[doc.Document, error] {
	return func(yield func(doc.Document, error) bool) {
		refused := rows.Of(in.name)
		for n := 1; ; n++ {
			line, err := in.next()
			if err != nil {
				if bad := refused.Err(ErrUnreadable); bad != nil {
					yield(doc.Document{}, fmt.Errorf("corpus: %w", bad))
				} else if err != io.EOF {
					yield(doc.Document{}, err)
				}
				return
			}
			if len(bytes.TrimSpace(line)) == 0 {
				continue
			}
			r, err := parseRecord(line, in.field)
			if err != nil {
				refused.Add(n, err)
			}
			if refused.Any() {
				continue
			}
			if !yield(r.document(in, n), nil) {
				return
			}
		}
	}
}}

// record is what a row may hold beside the text.
type record struct{ title, number, heading, text string }

// document makes a document of the record on a line.
func (r record) document(in *Input, line int) doc.Document {
	d := doc.Plain(r.title, in.label, decoded(r.text), line)
	d.Record, d.Number, d.Heading = true, r.number, r.heading
	if d.IsSection() && d.Number == "" {
		d.Number = r.heading
	}
	if d.Title == "" {
		d.Title = fmt.Sprintf("%s:%d", in.title(), line)
	}
	return d
}

func parseRecord(line []byte, field string) (record, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(line, &fields); err != nil {
		return record{}, fmt.Errorf("not a JSON object: %w", err)
	}
	raw, ok := fields[field]
	if !ok {
		return record{}, fmt.Errorf("no field %q (it has: %s)", field, strings.Join(slices.Sorted(maps.Keys(fields)), ", "))
	}
	var r record
	if err := json.Unmarshal(raw, &r.text); err != nil {
		return record{}, fmt.Errorf("field %q holds no text", field)
	}
	for name, to := range map[string]*string{"title": &r.title, "number": &r.number, "heading": &r.heading} {
		if name == field || fields[name] == nil {
			continue
		}
		var number json.Number
		if json.Unmarshal(fields[name], to) == nil {
			*to = clean.Fold(clean.Text(*to))
		} else if json.Unmarshal(fields[name], &number) == nil {
			*to = number.String()
		} else {
			return record{}, fmt.Errorf("field %q is neither text nor a number", name)
		}
	}
	return r, nil
}
