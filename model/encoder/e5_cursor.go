package encoder

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// e5Cursor reads a file from the front and keeps the first error.
type e5Cursor struct {
	data []byte
	err  error
}

var errShort = fmt.Errorf("the file ends early: %w", io.ErrUnexpectedEOF)

func (c *e5Cursor) take(n int) []byte {
	if c.err == nil && (n < 0 || n > len(c.data)) {
		c.err = errShort
	}
	if c.err != nil {
		return nil
	}
	out := c.data[:n]
	c.data = c.data[n:]
	return out
}

func (c *e5Cursor) byte() (b byte) {
	if t := c.take(1); t != nil {
		b = t[0]
	}
	return b
}

func (c *e5Cursor) uint16() uint16 {
	if t := c.take(2); t != nil {
		return binary.LittleEndian.Uint16(t)
	}
	return 0
}

func (c *e5Cursor) uint32() uint32 {
	if t := c.take(4); t != nil {
		return binary.LittleEndian.Uint32(t)
	}
	return 0
}

func (c *e5Cursor) uint64() uint64 {
	if t := c.take(8); t != nil {
		return binary.LittleEndian.Uint64(t)
	}
	return 0
}

// count reads how many there are of something that takes at least so many bytes.
func (c *e5Cursor) count(bytes int) int {
	n := int(c.uint32())
	if c.err == nil && (n > e5Most || n > len(c.data)/bytes) {
		c.err = errors.Join(errShort, fmt.Errorf("%d entries", n))
	}
	if c.err != nil {
		return 0
	}
	return n
}
