// Package rows reads files of records: a record is an object with named fields, on a line of its own (JSONL), in a JSON array, or a row of a
// table (CSV, TSV). What the fields mean is the reader's business: see the packages exam and pairs.
//
// All records that are refused are told at once, each with its place, so that a file is mended in one go.
package rows

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// Format says what a file of records must be.
type Format struct {
	Most   int                           // bytes of one record
	Kind   error                         // what an error about the records wraps
	Noun   string                        // what a record is called in messages: "question"
	Header func(first []string) []string // names for the columns of a table whose first row is a record already; nil where it is a header. May be nil
}

// Read gives each record of the file to use, in order. What use refuses is told, with what cannot be read, in one error of f.Kind. A file that
// cannot be opened or read is an error that does not wrap f.Kind.
//
// The name's ending says what the file is: .csv and .tsv are tables. Any other begins with a bracket, then it is a JSON array, or is JSONL.
// It is in UTF-8, or in UTF-16 with a byte order mark.
func (f Format) Read(path string, use func(Row) error) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }() // read only
	return f.Parse(file, path, use)
}

// Parse is Read for what is open already. The name is for messages, and for its ending.
func (f Format) Parse(from io.Reader, name string, use func(Row) error) error {
	ext := strings.ToLower(filepath.Ext(name))
	if why := foreign(ext); why != "" {
		return fmt.Errorf("%w: %s: records are read as JSONL, a JSON array, CSV or TSV; %s", f.Kind, name, why)
	}
	r := f.reader(from, name)
	r.use = func(row Row) {
		r.count++
		if err := use(row); err != nil {
			r.refused.Add(row.Line, err)
		}
	}
	read := r.lines
	switch {
	case ext == ".csv" || ext == ".tsv" || ext == ".tab":
		read = func() error { return r.table(ext == ".csv") }
	case firstByte(r.in) == '[':
		read = r.array
	}
	if err := read(); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if r.count == 0 && !r.refused.Any() {
		r.refused.Add(1, fmt.Errorf("the file holds no %s", f.Noun))
	}
	return r.refused.Err(f.Kind)
}

func (f Format) reader(from io.Reader, name string) *reader {
	r := &reader{Format: f, refused: Of(name)}
	r.text = &text{in: UTF8(bufio.NewReaderSize(from, block)), line: 1, refuse: r.refused.Add}
	r.in = bufio.NewReaderSize(r.text, block)
	return r
}

// block is how much of a file is read at a time, bytes.
const block = 1 << 16

// reader is a file being read.
type reader struct {
	Format
	text    *text
	in      *bufio.Reader // of text
	refused *Refused
	use     func(Row)
	count   int // records given to use
}

// errLong ends the reading of a file: a record goes on beyond the limit, and where the next one begins is not known.
var errLong = errors.New("too long")

func (r *reader) tooLong() error {
	return fmt.Errorf("the %s is %w: more than %d bytes", r.Noun, errLong, r.Most)
}

// foreign says what to do with a kind of file that is known and not read.
func foreign(ext string) string {
	switch ext {
	case ".gz", ".tgz", ".zst", ".bz2", ".xz", ".zip", ".tar", ".7z":
		return "unpack it first"
	case ".parquet", ".arrow", ".feather", ".xlsx", ".xls", ".ods", ".sqlite", ".db":
		return "save it as one of them first"
	}
	return ""
}

// firstByte looks at the first byte that is no white space.
func firstByte(in *bufio.Reader) byte {
	for n := 1; ; n++ {
		head, _ := in.Peek(n) // an error comes again where the text is read
		if len(head) < n {
			return 0
		}
		if c := head[n-1]; !isSpace(c) {
			return c
		}
	}
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }
