package corpus

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"slm/data/rows"
)

// blockMost is the most of a file that is held at a time, bytes. A longer text is cut at a blank line; a single line may not be longer.
const blockMost = 16 << 20

// files returns the documents of all files that match the globs, in the order of their names.
func files(opt Options) (iter.Seq2[document, error], error) {
	found, err := globAll(opt.Paths)
	if err != nil {
		return nil, err
	}
	for _, f := range found {
		if reader(f.name) == nil {
			return nil, fmt.Errorf("corpus: %s: %w: a corpus is made of .txt, .md and .jsonl files, not of %q%s", f.name, ErrUnreadable, filepath.Ext(f.name), unpack(f.name))
		}
	}
	return func(yield func(document, error) bool) {
		for _, f := range found {
			if more, err := readFile(f, opt, yield); err != nil || !more {
				if err != nil {
					yield(document{}, err)
				}
				return
			}
		}
	}, nil
}

// unpack says what to do with a compressed file. None is read: how much comes out of it is not known before it is unpacked.
func unpack(name string) string {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".gz", ".tgz", ".zst", ".bz2", ".xz", ".zip", ".tar", ".7z":
		return "; unpack it first"
	}
	return ""
}

// reader returns the function for a kind of file, by the end of its name.
func reader(name string) func(*reading) (bool, error) {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".txt", ".text", "":
		return (*reading).readText
	case ".md", ".markdown":
		return (*reading).readMarkdown
	case ".jsonl", ".ndjson":
		return (*reading).readRecords
	}
	return nil
}

// reading is a file being read.
type reading struct {
	name  string // for messages
	label string // for Section.Source: it must not depend on the machine
	field string
	most  int // blockMost, or less in a test
	in    *bufio.Reader
	line  int // of the next byte, from 1
	yield func(document, error) bool
}

func readFile(at file, opt Options, yield func(document, error) bool) (more bool, err error) {
	f, err := os.Open(at.name)
	if err != nil {
		return false, fmt.Errorf("corpus: %w: %w", ErrUnreadable, err)
	}
	defer func() { _ = f.Close() }() // read only
	return readFrom(f, at, opt, yield)
}

func readFrom(f io.Reader, at file, opt Options, yield func(document, error) bool) (more bool, err error) {
	name, empty := at.name, true
	s := &reading{name: name, label: at.label, field: opt.Field, most: opt.block, in: bufio.NewReaderSize(f, 1<<16), line: 1}
	if s.field == "" {
		s.field = "text"
	}
	if s.most == 0 {
		s.most = blockMost
	}
	s.yield = func(d document, err error) bool {
		empty = false
		return yield(d, err)
	}
	if bom, err := s.in.Peek(3); err == nil && bytes.Equal(bom, []byte("\ufeff")) {
		_, _ = s.in.Discard(3)
	}
	more, err = reader(name)(s)
	if err == nil && empty {
		err = fmt.Errorf("corpus: %s: %w", name, ErrEmpty)
	}
	return more, err
}

// title is the file's name, as clean as a title in a text: forms put it into lines.
func (s *reading) title() string {
	base := filepath.Base(s.name)
	if title := Fold(Clean(strings.ToValidUTF8(strings.TrimSuffix(base, filepath.Ext(base)), ""))); title != "" {
		return title
	}
	return "untitled"
}

// readText yields a text file as one document, or as several when it is longer than blockMost.
func (s *reading) readText() (bool, error) {
	return s.blocks(func(d document) bool {
		parts := laws(d)
		if parts == nil {
			parts = []document{d}
		}
		for _, part := range parts {
			if !s.yield(part, nil) {
				return false
			}
		}
		return true
	})
}

func (s *reading) readMarkdown() (bool, error) {
	return s.blocks(func(d document) bool {
		d.markdown = true
		parts := laws(d)
		if parts == nil {
			parts = documents(d)
		}
		for _, part := range parts {
			if !s.yield(part, nil) {
				return false
			}
		}
		return true
	})
}

// blocks reads the file line by line and gives it out in documents of at most blockMost bytes, cut in front of a first-level heading, else
// at a blank line, where there is one.
func (s *reading) blocks(give func(document) bool) (bool, error) {
	var text []byte
	start, blank, head := s.line, 0, 0 // blank: end of the last blank line in text; head: start of the last first-level heading
	flush := func(end int) bool {
		more := true
		if len(bytes.TrimSpace(text[:end])) > 0 {
			more = give(document{title: s.title(), source: s.label, line: start, text: string(text[:end])})
		}
		start += bytes.Count(text[:end], []byte{'\n'})
		text, blank, head = append(text[:0], text[end:]...), 0, 0
		return more
	}
	for {
		line, err := s.next()
		if err == io.EOF {
			return flush(len(text)), nil
		}
		if err != nil {
			return false, err
		}
		if len(text)+len(line) > s.most {
			end := len(text)
			if head > 0 {
				end = head
			} else if blank > 0 {
				end = blank
			}
			if !flush(end) {
				return false, nil
			}
		}
		if bytes.HasPrefix(line, []byte("# ")) {
			head = len(text)
		}
		text = append(text, line...)
		if len(bytes.TrimSpace(line)) == 0 {
			blank = len(text)
		}
	}
}

// next returns the next line with its end. A line longer than blockMost, or one that is no UTF-8, is an error with its place.
func (s *reading) next() ([]byte, error) {
	var line []byte
	for {
		piece, err := s.in.ReadSlice('\n')
		if len(line)+len(piece) > s.most {
			return nil, fmt.Errorf("corpus: %s:%d: %w: the line is longer than %d bytes", s.name, s.line, ErrUnreadable, s.most)
		}
		line = append(line, piece...)
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case err == io.EOF && len(line) == 0:
			return nil, io.EOF
		case err != nil && err != io.EOF:
			return nil, fmt.Errorf("corpus: %s:%d: %w: %w", s.name, s.line, ErrUnreadable, err)
		}
		if !utf8.Valid(line) || bytes.IndexByte(line, 0) >= 0 {
			return nil, fmt.Errorf("corpus: %s:%d: %w: not UTF-8 text; convert the file first", s.name, s.line, ErrUnreadable)
		}
		s.line++
		return line, nil
	}
}

// record is what a JSONL line may hold beside the text.
type record struct{ title, number, heading, text string }

// readRecords yields each line of a JSONL file. A record with a number or a heading is a section of the document it names, any other is a document.
// Behind one that cannot be used, the rest of the file is read for others like it alone.
func (s *reading) readRecords() (bool, error) {
	refused := rows.Of(s.name)
	for n := 1; ; n++ {
		line, err := s.next()
		if err != nil {
			bad := refused.Err(ErrUnreadable)
			switch {
			case bad != nil:
				return false, fmt.Errorf("corpus: %w", bad)
			case err == io.EOF:
				return true, nil
			}
			return false, err
		}
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		r, err := parseRecord(line, s.field)
		if err != nil {
			refused.Add(n, err)
		}
		if refused.Any() {
			continue
		}
		doc := document{title: r.title, source: s.label, line: n, text: r.text, number: r.number, heading: r.heading, ready: r.number != "" || r.heading != ""}
		if doc.ready && doc.number == "" {
			doc.number = r.heading
		}
		if doc.title == "" {
			doc.title = fmt.Sprintf("%s:%d", s.title(), n)
		}
		if !s.yield(doc, nil) {
			return false, nil
		}
	}
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
			*to = Fold(Clean(*to))
		} else if json.Unmarshal(fields[name], &number) == nil {
			*to = number.String()
		} else {
			return record{}, fmt.Errorf("field %q is neither text nor a number", name)
		}
	}
	return r, nil
}
