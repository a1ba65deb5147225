package rows

import (
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// text passes a file's bytes on and refuses the first byte of each line that is none of UTF-8 text.
type text struct {
	in     io.Reader
	line   int    // of the next byte, from 1
	col    int    // bytes of the line that have gone by
	part   []byte // the beginning of a character whose rest has not come
	bad    bool   // the line is refused already
	refuse func(line int, why error)
}

func (t *text) Read(p []byte) (int, error) {
	n, err := t.in.Read(p)
	t.look(append(t.part, p[:n]...), err != nil)
	return n, err
}

// look goes through bytes. Of a character that is cut at their end it keeps the part, unless nothing follows.
func (t *text) look(b []byte, last bool) {
	for len(b) > 0 {
		if !last && !utf8.FullRune(b) {
			break
		}
		r, size := utf8.DecodeRune(b)
		switch {
		case r == utf8.RuneError && size == 1:
			t.report(fmt.Errorf("the byte 0x%02X is not UTF-8: convert the file (in Latin-1 or Windows-1252 it may be a letter)", b[0]))
		case r == 0:
			t.report(errors.New("a NUL byte: this is no UTF-8 text (UTF-16 is read with a byte order mark)"))
		}
		if t.col += size; r == '\n' {
			t.line, t.col, t.bad = t.line+1, 0, false
		}
		b = b[size:]
	}
	t.part = append(t.part[:0], b...)
}

func (t *text) report(why error) {
	if !t.bad {
		t.refuse(t.line, &column{t.col + 1, why})
	}
	t.bad = true
}
