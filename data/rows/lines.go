package rows

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
)

// lines reads JSONL: an object a line. Blank lines are passed over.
func (r *reader) lines() error {
	for n, first := 1, true; ; n++ {
		line, err := r.line()
		switch {
		case errors.Is(err, errLong):
			r.refused.Add(n, err)
			return nil
		case err != nil && err != io.EOF:
			return err
		}
		if bare := bytes.TrimSpace(line); len(bare) > 0 {
			if first && string(bare) == "{" {
				r.refused.Add(n, errors.New("an object over several lines: write each on one line, or all in one array"))
				return nil
			}
			first = false
			if object, perr := parseObject(bytes.TrimRight(line, "\r\n")); perr != nil {
				r.refused.Add(n, perr)
			} else {
				r.use(Row{n, object})
			}
		}
		if err == io.EOF {
			return nil
		}
	}
}

// Lines is Read for a text whose records are its lines: each goes to use without its end, with its number from 1.
func (f Format) Lines(path string, use func(n int, line string) error) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }() // read only
	r := f.reader(file, path)
	for n := 1; ; n++ {
		line, err := r.line()
		switch {
		case errors.Is(err, errLong):
			r.refused.Add(n, err)
			return r.refused.Err(f.Kind)
		case err != nil && err != io.EOF:
			return fmt.Errorf("%s: %w", path, err)
		}
		if why := use(n, string(bytes.TrimRight(line, "\r\n"))); why != nil {
			r.refused.Add(n, why)
		}
		if err == io.EOF {
			return r.refused.Err(f.Kind)
		}
	}
}

// line returns the next line with its end; the last may have none, and comes with io.EOF.
func (r *reader) line() ([]byte, error) {
	var line []byte
	for {
		piece, err := r.in.ReadSlice('\n')
		if line = append(line, piece...); len(line) > r.Most {
			return nil, r.tooLong()
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, err
		}
	}
}
