package rows

import (
	"bufio"
	"encoding/binary"
	"errors"
	"unicode/utf16"
	"unicode/utf8"
)

// fromUTF16 turns UTF-16 into UTF-8. A surrogate without its partner, or half a unit at the end, is an error.
type fromUTF16 struct {
	in    *bufio.Reader
	order binary.ByteOrder
	rest  []byte
}

func (f *fromUTF16) Read(p []byte) (int, error) {
	for len(f.rest) < len(p) {
		r, err := f.next()
		if err != nil {
			if len(f.rest) > 0 {
				break // the error comes again: nothing more can be read
			}
			return 0, err
		}
		f.rest = utf8.AppendRune(f.rest, r)
	}
	n := copy(p, f.rest)
	f.rest = append(f.rest[:0], f.rest[n:]...)
	return n, nil
}

var errUTF16 = errors.New("not UTF-16 text, though it begins as such; convert the file first")

func (f *fromUTF16) next() (rune, error) {
	unit, err := f.in.Peek(2)
	if len(unit) == 0 {
		return 0, err
	}
	if len(unit) == 1 {
		return 0, errUTF16
	}
	r, size := rune(f.order.Uint16(unit)), 2
	if utf16.IsSurrogate(r) {
		pair, _ := f.in.Peek(4)
		if len(pair) < 4 {
			return 0, errUTF16
		}
		if r = utf16.DecodeRune(r, rune(f.order.Uint16(pair[2:]))); r == utf8.RuneError {
			return 0, errUTF16
		}
		size = 4
	}
	_, err = f.in.Discard(size)
	return r, err
}

// UTF8 takes the byte order mark off a text, and decodes UTF-16 that has one. What is no UTF-16 behind such a mark is an error where it is read.
func UTF8(in *bufio.Reader) *bufio.Reader {
	start, _ := in.Peek(3) // what cannot be read is told when it is read
	var order binary.ByteOrder
	switch {
	case string(start) == "\ufeff":
		_, _ = in.Discard(3)
		return in
	case len(start) >= 2 && start[0] == 0xff && start[1] == 0xfe:
		order = binary.LittleEndian
	case len(start) >= 2 && start[0] == 0xfe && start[1] == 0xff:
		order = binary.BigEndian
	default:
		return in
	}
	_, _ = in.Discard(2)
	return bufio.NewReaderSize(&fromUTF16{in: in, order: order}, 1<<16)
}
