package checkpoint

import (
	"encoding/binary"
	"fmt"
	"math"
	"unsafe"
)

// maxNesting bounds how deep a schema may nest; ours go one list deep.
const maxNesting = 8

// parseFields reads the vector of Field tables at a slot.
func parseFields(t fbTable, slot, depth int) ([]field, error) {
	if depth > maxNesting {
		return nil, fmt.Errorf("%w: schema nests deeper than %d", ErrCorrupt, maxNesting)
	}
	tables, err := t.tables(slot)
	if err != nil {
		return nil, err
	}
	fields := make([]field, 0, len(tables))
	for _, ft := range tables {
		f := field{name: ft.string(0)}
		if _, ok := ft.table(4); ok {
			return nil, fmt.Errorf("%w: column %q is dictionary-encoded, which is not read", ErrCorrupt, f.name)
		}
		if f.children, err = parseFields(ft, 5, depth+1); err != nil {
			return nil, err
		}
		typ, _ := ft.table(3)
		if err := f.setType(ft.byte(2), typ); err != nil {
			return nil, err
		}
		fields = append(fields, f)
	}
	return fields, nil
}

// setType fills typ and width from a Type union: its kind as numbered in Schema.fbs, and its table.
func (f *field) setType(kind byte, t fbTable) error {
	child := func(list string) string {
		if len(f.children) == 1 {
			return list + "<" + f.children[0].typ + ">"
		}
		return fmt.Sprintf("%s of %d children", list, len(f.children))
	}
	fixed := func(typ string, width int) { f.typ, f.width = typ, width }
	switch kind {
	case 2:
		sign, bits := "u", int(t.int32(0))
		if t.byte(1) != 0 {
			sign = ""
		}
		if bits != 8 && bits != 16 && bits != 32 && bits != 64 {
			return fmt.Errorf("%w: column %q is an integer of %d bits", ErrCorrupt, f.name, bits)
		}
		fixed(fmt.Sprintf("%sint%d", sign, bits), bits/8)
	case 3:
		precision := int(t.int16(0))
		if precision < 0 || precision > 2 {
			return fmt.Errorf("%w: column %q has precision %d", ErrCorrupt, f.name, precision)
		}
		fixed([]string{"float16", "float32", "float64"}[precision], 2<<precision)
	case 4:
		f.typ = "binary"
	case 5:
		f.typ = "utf8"
	case 6:
		f.typ = "bool"
	case 10:
		unit := int(t.int16(0))
		if unit < 0 || unit > 3 {
			return fmt.Errorf("%w: column %q has time unit %d", ErrCorrupt, f.name, unit)
		}
		fixed("timestamp["+[]string{"s", "ms", "us", "ns"}[unit]+"]", 8)
	case 12:
		f.typ = child("list")
	case 15:
		width := int(t.int32(0))
		if width < 1 {
			return fmt.Errorf("%w: column %q is binary of %d bytes", ErrCorrupt, f.name, width)
		}
		fixed(fmt.Sprintf("fixed_size_binary[%d]", width), width)
	case 19:
		f.typ = "large_binary"
	case 20:
		f.typ = "large_utf8"
	case 21:
		f.typ = child("large_list")
	default:
		return fmt.Errorf("%w: column %q has Arrow type %d, which is not read", ErrCorrupt, f.name, kind)
	}
	return nil
}

// values is one column of one batch, with every length checked: row i of a variable-width column is offset(i) to offset(i+1) of the bytes
// or of the child.
type values struct {
	field   *field
	rows    int
	valid   []byte // one bit a row; nil when no row is null
	data    []byte
	offsets []byte // little-endian, long or short
	long    bool
	child   *values
}

// column returns the values of a top-level column.
func (a *arrowFile) column(b batch, index int) (*values, error) {
	c := cursor{b: b}
	for i := range a.fields {
		v, err := c.next(&a.fields[i])
		if err != nil {
			return nil, err
		}
		if v.rows != b.rows {
			return nil, fmt.Errorf("%w: column %q has %d rows in a batch of %d", ErrCorrupt, a.fields[i].name, v.rows, b.rows)
		}
		if i == index {
			return v, nil
		}
	}
	return nil, fmt.Errorf("%w: no column %d", ErrCorrupt, index)
}

// cursor walks a batch's nodes and buffers depth first, as the format orders them.
type cursor struct {
	b            batch
	node, buffer int
}

func (c *cursor) take(f *field) ([]byte, error) {
	if c.buffer >= len(c.b.buffers) {
		return nil, fmt.Errorf("%w: column %q has no buffer", ErrCorrupt, f.name)
	}
	c.buffer++
	return c.b.buffers[c.buffer-1], nil
}

func (c *cursor) next(f *field) (*values, error) {
	bad := func(what string) error {
		return fmt.Errorf("%w: column %q: %s", ErrCorrupt, f.name, what)
	}
	if c.node >= len(c.b.nodes) {
		return nil, bad("no node")
	}
	rows, nulls := c.b.nodes[c.node][0], c.b.nodes[c.node][1]
	c.node++
	if rows < 0 || rows > math.MaxInt/16 || nulls < 0 || nulls > rows {
		return nil, bad(fmt.Sprintf("%d rows, %d nulls", rows, nulls))
	}
	v := &values{field: f, rows: int(rows)}
	valid, err := c.take(f)
	if err != nil {
		return nil, err
	}
	if nulls > 0 {
		if int64(len(valid)) < (rows+7)/8 {
			return nil, bad("validity bits are cut")
		}
		v.valid = valid
	}
	switch f.typ {
	case "utf8", "binary", "large_utf8", "large_binary":
		if err := c.takeOffsets(v); err != nil {
			return nil, err
		}
		if v.data, err = c.take(f); err != nil {
			return nil, err
		}
		return v, v.checkOffsets(int64(len(v.data)))
	case "bool":
		if v.data, err = c.take(f); err != nil {
			return nil, err
		}
		if int64(len(v.data)) < (rows+7)/8 {
			return nil, bad("values are cut")
		}
		return v, nil
	}
	if f.width > 0 {
		if v.data, err = c.take(f); err != nil {
			return nil, err
		}
		if int64(len(v.data))/int64(f.width) < rows {
			return nil, bad("values are cut")
		}
		return v, nil
	}
	if len(f.children) != 1 {
		return nil, bad("type " + f.typ + " is not read")
	}
	if err := c.takeOffsets(v); err != nil {
		return nil, err
	}
	if v.child, err = c.next(&f.children[0]); err != nil {
		return nil, err
	}
	return v, v.checkOffsets(int64(v.child.rows))
}

func (c *cursor) takeOffsets(v *values) (err error) {
	v.long = len(v.field.typ) > 5 && v.field.typ[:5] == "large"
	v.offsets, err = c.take(v.field)
	return err
}

// checkOffsets demands that the offsets never fall and end within limit.
func (v *values) checkOffsets(limit int64) error {
	size := 4
	if v.long {
		size = 8
	}
	if v.rows == 0 {
		return nil
	}
	if len(v.offsets)/size < v.rows+1 {
		return fmt.Errorf("%w: column %q: offsets are cut", ErrCorrupt, v.field.name)
	}
	last := int64(0)
	for i := 0; i <= v.rows; i++ {
		o := v.offset(i)
		if o < last || o > limit {
			return fmt.Errorf("%w: column %q: offset %d is %d, of %d", ErrCorrupt, v.field.name, i, o, limit)
		}
		last = o
	}
	return nil
}

func (v *values) offset(i int) int64 {
	if v.long {
		return int64(binary.LittleEndian.Uint64(v.offsets[8*i:]))
	}
	return int64(int32(binary.LittleEndian.Uint32(v.offsets[4*i:])))
}

// null says whether row i is null.
func (v *values) null(i int) bool { return v.valid != nil && v.valid[i/8]>>(i%8)&1 == 0 }

// bytes returns row i of a column of strings or bytes as a view.
func (v *values) bytes(i int) []byte { return v.data[v.offset(i):v.offset(i+1)] }

// uint returns the bits of row i of a column of 4 or 8 bytes a value.
func (v *values) uint(i int) uint64 {
	if v.field.width == 4 {
		return uint64(binary.LittleEndian.Uint32(v.data[4*i:]))
	}
	return binary.LittleEndian.Uint64(v.data[8*i:])
}

// floats returns rows from to to of a float32 column: a view where the bytes are aligned, as Arrow's writers make them, else a copy.
func (v *values) floats(from, to int64) []float32 {
	return view(v.data[4*from:4*to], math.Float32frombits)
}

// ints is floats for an int32 column.
func (v *values) ints(from, to int64) []int32 {
	return view(v.data[4*from:4*to], func(bits uint32) int32 { return int32(bits) })
}

// view gives bytes the type of the 4-byte numbers that they hold.
func view[T int32 | float32](raw []byte, from func(bits uint32) T) []T {
	if len(raw) == 0 {
		return nil
	}
	if p := unsafe.Pointer(unsafe.SliceData(raw)); uintptr(p)%4 == 0 {
		return unsafe.Slice((*T)(p), len(raw)/4)
	}
	out := make([]T, len(raw)/4)
	for i := range out {
		out[i] = from(binary.LittleEndian.Uint32(raw[4*i:]))
	}
	return out
}

// rawFloats views float32s as the little-endian bytes that Arrow stores.
func rawFloats(x []float32) []byte {
	if len(x) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(x))), 4*len(x))
}
