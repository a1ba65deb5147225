package read

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"unicode/utf8"

	"slm/data/corpus/clean"
	"slm/data/corpus/doc"
	"slm/data/rows"
)

// csvTable has named columns: a header, and a record a row (RFC 4180). Semicolons separate where the header has no comma, as spreadsheets
// write it in many countries.
var csvTable = Format{Name: "CSV", Ends: []string{".csv"}, Read: func(in *Input) iter.Seq2[doc.Document, error] { return in.table(',') }}

// tsvTable is the same with tabs.
var tsvTable = Format{Name: "TSV", Ends: []string{".tsv", ".tab"}, Read: func(in *Input) iter.Seq2[doc.Document, error] { return in.table('\t') }}

// table reads rows. Behind one that cannot be used, the rest of the file is read for others like it alone; a quotation that does not close
// ends it, for no row behind it is certain.
func (in *Input) table(comma rune) iter.Seq2[doc.Document, error] {
	return func(yield func(doc.Document, error) bool) {
		allowed := &allowance{from: in.in}
		buffered := bufio.NewReaderSize(allowed, 4096)
		allowed.left = in.most
		if head, _ := buffered.Peek(4096); comma == ',' {
			if first, _, _ := bytes.Cut(head, []byte("\n")); bytes.IndexByte(first, ',') < 0 && bytes.IndexByte(first, ';') >= 0 {
				comma = ';'
			}
		}
		r := csv.NewReader(buffered)
		r.Comma, r.ReuseRecord = comma, true
		header, err := r.Read()
		if err != nil {
			if err != io.EOF {
				yield(doc.Document{}, in.csvError(err))
			}
			return
		}
		columns, err := columnsOf(header, in.field)
		if err != nil {
			yield(doc.Document{}, in.fail(1, err))
			return
		}
		refused := rows.Of(in.name)
		for !in.enough() {
			allowed.left = in.most
			row, err := r.Read()
			if err == io.EOF {
				break
			}
			if err != nil && !errors.Is(err, csv.ErrFieldCount) {
				yield(doc.Document{}, errors.Join(refusedErr(refused), in.csvError(err)))
				return
			}
			line, _ := r.FieldPos(0)
			if err != nil {
				err = fmt.Errorf("%d fields, where the header has %d", len(row), len(header))
			} else if !validText(strings.Join(row, "")) {
				err = errText
			}
			if err != nil {
				refused.Add(line, err)
			}
			if refused.Any() {
				continue
			}
			rec := columns.record(func(i int) string { return row[i] })
			if !yield(rec.document(in, line), nil) {
				return
			}
		}
		if err := refusedErr(refused); err != nil {
			yield(doc.Document{}, err)
		}
	}
}

func refusedErr(r *rows.Refused) error {
	if bad := r.Err(ErrUnreadable); bad != nil {
		return fmt.Errorf("corpus: %w", bad)
	}
	return nil
}

// csvError is an error of the csv package with its line in front.
func (in *Input) csvError(err error) error {
	var at *csv.ParseError
	if errors.As(err, &at) {
		return in.fail(at.StartLine, at.Err)
	}
	return in.fail(1, err)
}

// allowance bounds what is read of a row.
type allowance struct {
	from io.Reader
	left int
}

func (a *allowance) Read(p []byte) (int, error) {
	if a.left <= 0 {
		return 0, errors.New("a row is longer than a file is held at a time, or a quotation does not close")
	}
	n, err := a.from.Read(p[:min(len(p), a.left)])
	a.left -= n
	return n, err
}

// columns are the places of a record's fields in a row; -1 where there is none.
type columns struct{ text, title, number, heading int }

// columnsOf finds the columns by their names.
func columnsOf(names []string, field string) (columns, error) {
	c := columns{text: -1, title: -1, number: -1, heading: -1}
	for i, name := range names {
		switch strings.TrimSpace(name) {
		case field:
			c.text = i
		case "title":
			c.title = i
		case "number":
			c.number = i
		case "heading":
			c.heading = i
		}
	}
	if c.text < 0 {
		return c, fmt.Errorf("no column %q (it has: %s); data.corpus.field names the one with the text", field, strings.Join(names, ", "))
	}
	return c, nil
}

// record makes one of a row's values.
func (c columns) record(value func(int) string) record {
	name := func(i int) string {
		if i < 0 {
			return ""
		}
		return clean.Fold(clean.Text(value(i)))
	}
	return record{title: name(c.title), number: name(c.number), heading: name(c.heading), text: value(c.text)}
}

func validText(text string) bool { return utf8.ValidString(text) && strings.IndexByte(text, 0) < 0 }
