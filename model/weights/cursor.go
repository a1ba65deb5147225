package weights

import (
	"encoding/binary"
	"fmt"
)

// Cursor reads little-endian fields one after another. The first field that does not fit sets Err; what is read after it is zero, so
// that callers check once per group of fields.
type Cursor struct {
	Name string // of the file, for errors
	Data []byte
	At   int // the byte that is read next
	Err  error
}

// Left is the number of bytes that have not been read.
func (c *Cursor) Left() int { return len(c.Data) - c.At }

// Fail says what is wrong with a field, unless something before it was. The error wraps ErrFormat.
func (c *Cursor) Fail(field, format string, args ...any) {
	if c.Err == nil {
		c.Err = fmt.Errorf("%w: %s: %s (byte %d): %s", ErrFormat, c.Name, field, c.At, fmt.Sprintf(format, args...))
	}
}

// Take returns the next n bytes, or nil when they are not there.
func (c *Cursor) Take(n int, field string) []byte {
	if c.Err == nil && n > c.Left() {
		c.Fail(field, "needs %d bytes, %d are left", n, c.Left())
	}
	if c.Err != nil {
		return nil
	}
	b := c.Data[c.At : c.At+n]
	c.At += n
	return b
}

// U8 reads a whole number of 8 bits.
func (c *Cursor) U8(field string) uint8 {
	if b := c.Take(1, field); b != nil {
		return b[0]
	}
	return 0
}

// U16 reads a whole number of 16 bits.
func (c *Cursor) U16(field string) uint16 {
	if b := c.Take(2, field); b != nil {
		return binary.LittleEndian.Uint16(b)
	}
	return 0
}

// U32 reads a whole number of 32 bits.
func (c *Cursor) U32(field string) uint32 {
	if b := c.Take(4, field); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

// U64 reads a whole number of 64 bits.
func (c *Cursor) U64(field string) uint64 {
	if b := c.Take(8, field); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

// Count takes a number of things that have at least unit bytes each, and refuses one that the rest of the file cannot hold: so nobody allocates by a
// number from the file.
func (c *Cursor) Count(n uint64, unit int, field string) int {
	if c.Err == nil && n > uint64(c.Left()/unit) {
		c.Fail(field, "length %d does not fit the %d bytes that are left", n, c.Left())
	}
	if c.Err != nil {
		return 0
	}
	return int(n)
}
