package rows

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// array reads a JSON array of objects. It cuts the array into its elements itself, so that each is read, or refused, alone.
func (r *reader) array() error {
	c := &cursor{in: r.in, line: 1}
	c.skip()
	for more := false; ; more = true {
		raw, at, end := r.element(c)
		switch {
		case c.err != nil && !errors.Is(c.err, io.EOF):
			return c.err
		case len(raw) > r.Most:
			r.refused.Add(at.line, r.tooLong())
			return nil
		case len(raw) > 0:
			if object, err := parseObject(raw); err != nil {
				line, err := at.within(raw, err)
				r.refused.Add(line, err)
			} else {
				r.use(Row{at.line, object})
			}
		case end == ',' || end == ']' && more:
			r.refused.Add(at.line, &column{at.col, errors.New("no record stands beside a comma")})
		}
		switch end {
		case ',':
			continue
		case ']':
			if c.skip() != 0 {
				r.refused.Add(c.line, &column{c.col, errors.New("the array has ended, and the file goes on")})
			}
		default:
			r.refused.Add(c.line, errors.New("the array has no end: the file may be cut off"))
		}
		return nil
	}
}

// element returns the array's next element, without white space around it, where it begins, and the byte that ends it: a comma, the array's
// bracket, or 0 at the end of the file and behind r.Most bytes.
func (r *reader) element(c *cursor) (raw []byte, at cursor, end byte) {
	depth, quoted, escaped := 0, false, false
	b := c.skip()
	for at = *c; c.err == nil; b = c.next() {
		switch {
		case escaped:
			escaped = false
		case quoted:
			escaped, quoted = b == '\\', b != '"'
		case depth == 0 && (b == ',' || b == ']'):
			return bytes.TrimRight(raw, " \t\r\n"), at, b
		case b == '"':
			quoted = true
		case b == '[' || b == '{':
			depth++
		case b == ']' || b == '}':
			depth--
		}
		if raw = append(raw, b); len(raw) > r.Most {
			break
		}
	}
	return raw, at, 0
}

// cursor is a place in a file: that of the byte that was read last.
type cursor struct {
	in        *bufio.Reader
	line, col int  // from 1
	turn      bool // that byte ends its line
	err       error
}

// next reads a byte; 0 once c.err is set.
func (c *cursor) next() byte {
	b, err := c.in.ReadByte()
	if err != nil {
		c.err = err
		return 0
	}
	if c.turn {
		c.line, c.col = c.line+1, 0
	}
	c.col, c.turn = c.col+1, b == '\n'
	return b
}

// skip reads on to the next byte that is no white space.
func (c *cursor) skip() byte {
	for {
		if b := c.next(); c.err != nil || !isSpace(b) {
			return b
		}
	}
}

// within turns a column of raw, which begins at the cursor, into a line of the file and the column there.
func (c cursor) within(raw []byte, why error) (line int, err error) {
	var at *column
	if !errors.As(why, &at) {
		return c.line, why
	}
	before := raw[:min(at.column-1, len(raw))]
	if last := bytes.LastIndexByte(before, '\n'); last >= 0 {
		return c.line + bytes.Count(before, []byte{'\n'}), &column{at.column - 1 - last, at.error}
	}
	return c.line, &column{c.col + at.column - 1, at.error}
}
