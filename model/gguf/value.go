package gguf

import (
	"math"

	"slm/model/weights"
)

// cursor reads the fields of GGUF.
type cursor struct{ weights.Cursor }

// length reads a count of things that take at least unit bytes each.
func (c *cursor) length(unit int, field string) int { return c.Count(c.U64(field), unit, field) }

// text reads a string: its length, then its bytes.
func (c *cursor) text(field string) string { return string(c.Take(c.length(1, field), field)) }

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
	c.Fail(field, "unknown value type %d", kind)
	return nil
}

func (c *cursor) array(field string) any {
	kind := c.U32(field)
	if c.Err == nil && (kind >= uint32(len(kindSize)) || kind == kindArray) {
		c.Fail(field, "arrays of value type %d are not known", kind)
	}
	if c.Err != nil {
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
	for i := 0; i < n && c.Err == nil; i++ {
		out = append(out, read(kind, field))
	}
	return out
}

func (c *cursor) unsigned(kind uint32, field string) uint64 {
	switch kind {
	case kindU8:
		return uint64(c.U8(field))
	case kindU16:
		return uint64(c.U16(field))
	case kindU32:
		return uint64(c.U32(field))
	}
	return c.U64(field)
}

func (c *cursor) signed(kind uint32, field string) int64 {
	switch kind {
	case kindI8:
		return int64(int8(c.U8(field)))
	case kindI16:
		return int64(int16(c.U16(field)))
	case kindI32:
		return int64(int32(c.U32(field)))
	}
	return int64(c.U64(field))
}

func (c *cursor) float(kind uint32, field string) float64 {
	if kind == kindF32 {
		return float64(math.Float32frombits(c.U32(field)))
	}
	return math.Float64frombits(c.U64(field))
}

func (c *cursor) bool(_ uint32, field string) bool {
	b := c.U8(field)
	if b > 1 {
		c.Fail(field, "%d is no boolean", b)
	}
	return b == 1
}
