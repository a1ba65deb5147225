package rows

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// table reads a table: the first row names the columns, unless Header knows better. Rows without anything are passed over.
func (r *reader) table(csvFile bool) error {
	most := &capped{in: r.in}
	cells := csv.NewReader(most)
	cells.FieldsPerRecord = -1 // told below, in our words
	if cells.Comma = '\t'; csvFile {
		cells.Comma = separator(r.in)
	}
	var names []string
	for line := 0; ; {
		most.left = r.Most
		row, err := cells.Read()
		var broken *csv.ParseError
		switch {
		case err == io.EOF:
			return nil
		case errors.Is(err, errLong):
			r.refused.Add(line+1, r.tooLong())
			return nil
		case errors.As(err, &broken):
			line = broken.StartLine
			r.refused.Add(line, errors.New("the quotes do not match: a cell that holds quotes stands in quotes, and those inside it are doubled"))
			if names == nil {
				return nil
			}
			continue
		case err != nil:
			return err
		}
		line, _ = cells.FieldPos(0)
		switch {
		case !slices.ContainsFunc(row, func(cell string) bool { return !Blank(cell) }):
		case names != nil:
			r.cells(line, names, row)
		default:
			if r.Header != nil {
				names = r.Header(row)
			}
			if names != nil {
				r.cells(line, names, row)
				continue
			}
			names = row
			if err := (&Object{}).fill(names, row); err != nil {
				r.refused.Add(line, fmt.Errorf("the first row names the columns: %w", err))
				return nil
			}
		}
	}
}

// cells makes a record of a row.
func (r *reader) cells(line int, names, row []string) {
	var o Object
	if len(row) > len(names) && !slices.ContainsFunc(row[len(names):], func(cell string) bool { return !Blank(cell) }) {
		row = row[:len(names)]
	}
	if len(row) != len(names) {
		r.refused.Add(line, fmt.Errorf("the row has %d cells, the table %d columns", len(row), len(names)))
		return
	}
	if err := o.fill(names, row); err != nil {
		r.refused.Add(line, err)
		return
	}
	r.use(Row{line, o})
}

// fill sets the cells of a row. A column without a name is none of ours: tools write row numbers there.
func (o *Object) fill(names, row []string) error {
	for i, name := range names {
		if Blank(name) {
			continue
		}
		if err := o.set(strings.TrimSpace(name), Cell(strings.TrimSpace(row[i]))); err != nil {
			return err
		}
	}
	return nil
}

// separator is what stands between the columns of a .csv file: where the comma is the decimal sign, programs write semicolons, and some tabs.
func separator(in *bufio.Reader) rune {
	best, most := ',', 0
	head, _ := in.Peek(1 << 12) // an error comes again where the text is read
	line, _, _ := strings.Cut(strings.TrimLeft(string(head), "\r\n"), "\n")
	for _, sep := range ",;\t" {
		if n := strings.Count(line, string(sep)); n > most {
			best, most = sep, n
		}
	}
	return best
}

// capped gives out a number of bytes, and then errLong.
type capped struct {
	in   io.Reader
	left int
}

func (c *capped) Read(p []byte) (int, error) {
	if c.left <= 0 {
		return 0, errLong
	}
	n, err := c.in.Read(p[:min(len(p), c.left)])
	c.left -= n
	return n, err
}
