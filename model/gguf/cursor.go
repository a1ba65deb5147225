package gguf

import (
	"encoding/binary"
	"fmt"
	"math"

	"slm/model/weights"
)

// cursor reads little-endian fields one after another. The first field that does not fit sets err; what is read after it is zero, so
// that callers check once per group of fields.
type cursor struct {
	name string
	data []byte
	at   int
	err  error
}

func (c *cursor) left() int { return len(c.data) - c.at }

func (c *cursor) fail(field, format string, args ...any) {
	if c.err == nil {
		c.err = fmt.Errorf("%w: %s: %s (byte %d): %s", weights.ErrFormat, c.name, field, c.at, fmt.Sprintf(format, args...))
	}
}

// take returns the next n bytes, or nil when they are not there.
func (c *cursor) take(n int, field string) []byte {
	if c.err == nil && n > c.left() {
		c.fail(field, "needs %d bytes, %d are left", n, c.left())
	}
	if c.err != nil {
		return nil
	}
	b := c.data[c.at : c.at+n]
	c.at += n
	return b
}

func (c *cursor) u8(field string) uint8 {
	if b := c.take(1, field); b != nil {
		return b[0]
	}
	return 0
}

func (c *cursor) u16(field string) uint16 {
	if b := c.take(2, field); b != nil {
		return binary.LittleEndian.Uint16(b)
	}
	return 0
}

func (c *cursor) u32(field string) uint32 {
	if b := c.take(4, field); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

func (c *cursor) u64(field string) uint64 {
	if b := c.take(8, field); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

// length reads a count of things that take at least unit bytes each, and refuses one that the rest of the file cannot hold: so
// nobody allocates by a number from the file.
func (c *cursor) length(unit int, field string) int {
	n := c.u64(field)
	if c.err == nil && n > uint64(c.left()/unit) {
		c.fail(field, "length %d does not fit the %d bytes that are left", n, c.left())
	}
	if c.err != nil {
		return 0
	}
	return int(n)
}

// text reads a string: its length, then its bytes.
func (c *cursor) text(field string) string { return string(c.take(c.length(1, field), field)) }

// Kinds of metadata values, by their numbers in the file.
const (
	kindU8 = iota
	kindI8
	kindU16
	kindI16
	kindU32
	kindI32
	kindF32
	kindBool
	kindString
	kindArray
	kindU64
	kindI64
	kindF64
)

// kindSize is the least number of bytes a value of a kind takes.
var kindSize = [...]int{kindU8: 1, kindI8: 1, kindU16: 2, kindI16: 2, kindU32: 4, kindI32: 4, kindF32: 4, kindBool: 1, kindString: 8, kindArray: 12, kindU64: 8, kindI64: 8, kindF64: 8}

// value reads a metadata value and widens it as Meta says.
func (c *cursor) value(kind uint32, field string) any {
	switch kind {
	case kindU8, kindU16, kindU32, kindU64:
		return c.unsigned(kind, field)
	case kindI8, kindI16, kindI32, kindI64:
		return c.signed(kind, field)
	case kindF32, kindF64:
		return c.float(kind, field)
	case kindBool:
		return c.bool(kind, field)
	case kindString:
		return c.text(field)
	case kindArray:
		return c.array(field)
	}
	c.fail(field, "unknown value type %d", kind)
	return nil
}

func (c *cursor) array(field string) any {
	kind := c.u32(field)
	if c.err == nil && (kind >= uint32(len(kindSize)) || kind == kindArray) {
		c.fail(field, "arrays of value type %d are not known", kind)
	}
	if c.err != nil {
		return nil
	}
	n := c.length(kindSize[kind], field)
	switch kind {
	case kindU8, kindU16, kindU32, kindU64:
		return list(c, n, kind, field, c.unsigned)
	case kindI8, kindI16, kindI32, kindI64:
		return list(c, n, kind, field, c.signed)
	case kindF32, kindF64:
		return list(c, n, kind, field, c.float)
	case kindBool:
		return list(c, n, kind, field, c.bool)
	}
	return list(c, n, kind, field, func(_ uint32, field string) string { return c.text(field) })
}

func list[T any](c *cursor, n int, kind uint32, field string, read func(uint32, string) T) []T {
	out := make([]T, 0, n)
	for i := 0; i < n && c.err == nil; i++ {
		out = append(out, read(kind, field))
	}
	return out
}

func (c *cursor) unsigned(kind uint32, field string) uint64 {
	switch kind {
	case kindU8:
		return uint64(c.u8(field))
	case kindU16:
		return uint64(c.u16(field))
	case kindU32:
		return uint64(c.u32(field))
	}
	return c.u64(field)
}

func (c *cursor) signed(kind uint32, field string) int64 {
	switch kind {
	case kindI8:
		return int64(int8(c.u8(field)))
	case kindI16:
		return int64(int16(c.u16(field)))
	case kindI32:
		return int64(int32(c.u32(field)))
	}
	return int64(c.u64(field))
}

func (c *cursor) float(kind uint32, field string) float64 {
	if kind == kindF32 {
		return float64(math.Float32frombits(c.u32(field)))
	}
	return math.Float64frombits(c.u64(field))
}

func (c *cursor) bool(_ uint32, field string) bool {
	b := c.u8(field)
	if b > 1 {
		c.fail(field, "%d is no boolean", b)
	}
	return b == 1
}
