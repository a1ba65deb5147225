package read

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"slm/data/corpus/clean"
	"slm/data/corpus/doc"
	"slm/data/rows"
)

// blockMost is the most of a file that is held at a time, bytes. A longer text is cut at a blank line; a single line may not be longer.
const blockMost = 16 << 20

// Options say how files are read.
type Options struct {
	Field string // of records: the field that holds the text; empty means "text"
	Block int    // bytes of a file held at a time; 0 means 16 MB
	Head  int64  // bytes of a file after which no more is read, about; 0 means all
}

// Input is a file being read.
type Input struct {
	name  string // for messages
	label string // for Section.Source: it must not depend on the machine
	field string
	most  int   // blockMost, or less in a test
	head  int64 // Options.Head
	raw   io.Reader
	in    *bufio.Reader // of raw, unpacked
	read  *counter      // under in
	line  int           // of the next byte, from 1
}

// Files returns the documents of all files that match the globs, in the order of their names. A file that no format reads is an error at once.
func Files(patterns []string, opt Options) (iter.Seq2[doc.Document, error], error) {
	list, err := List(patterns)
	if err != nil {
		return nil, err
	}
	for _, f := range list.Files {
		if _, err := formatOf(f.Name); err != nil {
			return nil, err
		}
	}
	return func(yield func(doc.Document, error) bool) {
		for _, f := range list.Files {
			for d, err := range f.documents(opt) {
				if !yield(d, err) || err != nil {
					return
				}
			}
		}
	}, nil
}

// Pages returns the documents of the files below folders.
func (l Listing) Pages(opt Options) iter.Seq2[doc.Document, error] {
	return func(yield func(doc.Document, error) bool) {
		for _, f := range l.Files {
			if !f.Below {
				continue
			}
			for d, err := range f.documents(opt) {
				if !yield(d, err) || err != nil {
					return
				}
			}
		}
	}
}

// documents opens a file and reads it. An error is the last that it yields.
func (f File) documents(opt Options) iter.Seq2[doc.Document, error] {
	return func(yield func(doc.Document, error) bool) {
		from, err := os.Open(f.Name)
		if err != nil {
			yield(doc.Document{}, fmt.Errorf("corpus: %w: %w", ErrUnreadable, err))
			return
		}
		defer func() { _ = from.Close() }() // read only
		From(from, f.Name, f.Label, opt)(func(d doc.Document, err error) bool {
			if f.Below && err == nil {
				d = f.page(d)
			}
			return yield(d, err)
		})
	}
}

// From reads what would be a file of a name. Its documents carry the label as their source.
func From(from io.Reader, name, label string, opt Options) iter.Seq2[doc.Document, error] {
	return func(yield func(doc.Document, error) bool) {
		format, err := formatOf(name)
		if err != nil {
			yield(doc.Document{}, err)
			return
		}
		in := &Input{name: name, label: label, field: opt.Field, most: opt.Block, head: opt.Head, raw: from, line: 1}
		if in.field == "" {
			in.field = "text"
		}
		if in.most == 0 {
			in.most = blockMost
		}
		if _, packing := unpacked(name); packing != "" {
			out, err := unpack(from, packing)
			if err != nil {
				yield(doc.Document{}, in.fail(1, err))
				return
			}
			defer func() { _ = out.Close() }() // read only
			in.raw = out
		}
		in.read = &counter{from: in.raw}
		in.in = bufio.NewReaderSize(in.read, 1<<16)
		if !format.Binary {
			in.in = rows.UTF8(in.in)
		}
		empty := true
		for d, err := range format.Read(in) {
			empty = false
			if !yield(d, err) || err != nil {
				return
			}
		}
		if empty {
			yield(doc.Document{}, fmt.Errorf("corpus: %s: %w", name, ErrEmpty))
		}
	}
}

// fail is an error at a line.
func (in *Input) fail(line int, err error) error {
	return fmt.Errorf("corpus: %s:%d: %w: %w", in.name, line, ErrUnreadable, err)
}

// refuse is an error at a line, in words.
func (in *Input) refuse(line int, format string, args ...any) error {
	return in.fail(line, fmt.Errorf(format, args...))
}

// enough reports whether the head that is wanted has been read.
func (in *Input) enough() bool { return in.head > 0 && in.read.n >= in.head }

// wholeMost bounds files that are read as a whole, bytes.
const wholeMost = 256 << 20

// random gives access to the whole file: where it lies, or in memory when it is packed.
func (in *Input) random() (io.ReaderAt, int64, error) {
	if at, ok := in.raw.(interface {
		io.ReaderAt
		io.Seeker
	}); ok {
		size, err := at.Seek(0, io.SeekEnd)
		return at, size, err
	}
	data, err := io.ReadAll(io.LimitReader(in.in, wholeMost+1))
	if err == nil && len(data) > wholeMost {
		err = fmt.Errorf("such a file is read as a whole, and this one has more than %d MB", wholeMost>>20)
	}
	return bytes.NewReader(data), int64(len(data)), err
}

// decoded is text in the one form that characters are counted in: Unicode NFC.
func decoded(text string) string { return norm.NFC.String(text) }

// title is the file's name, as clean as a title in a text: forms put it into lines.
func (in *Input) title() string { return stemTitle(in.name) }

func stemTitle(name string) string {
	inner, _ := unpacked(name)
	base := filepath.Base(inner)
	if title := clean.Fold(clean.Text(strings.ToValidUTF8(strings.TrimSuffix(base, filepath.Ext(base)), ""))); title != "" {
		return title
	}
	return "untitled"
}

// next returns the next line with its end. A line longer than a block, or one that is no UTF-8, is an error with its place.
func (in *Input) next() ([]byte, error) {
	if in.enough() {
		return nil, io.EOF
	}
	var line []byte
	for {
		piece, err := in.in.ReadSlice('\n')
		if len(line)+len(piece) > in.most {
			return nil, fmt.Errorf("corpus: %s:%d: %w: the line is longer than %d bytes", in.name, in.line, ErrUnreadable, in.most)
		}
		line = append(line, piece...)
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case err == io.EOF && len(line) == 0:
			return nil, io.EOF
		case err != nil && err != io.EOF:
			return nil, fmt.Errorf("corpus: %s:%d: %w: %w", in.name, in.line, ErrUnreadable, err)
		}
		if !utf8.Valid(line) || bytes.IndexByte(line, 0) >= 0 {
			return nil, fmt.Errorf("corpus: %s:%d: %w: %w", in.name, in.line, ErrUnreadable, errText)
		}
		in.line++
		return norm.NFC.Bytes(line), nil
	}
}
