package gguf

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"slm/model/blocks"
	"slm/model/weights"
)

const (
	magic            = 0x46554747 // "GGUF", little-endian
	maxRank          = 4
	defaultAlignment = 32
	maxAlignment     = 1 << 16
	alignmentKey     = "general.alignment"
)

// parse checks a whole file and describes it. No tensor is touched.
func parse(name string, data []byte) (*File, error) {
	f := &File{name: name, data: data, meta: map[string]any{}, tensors: map[string]Tensor{}}
	c := &cursor{weights.Cursor{Name: name, Data: data}}
	if got := c.U32("magic"); c.Err == nil && got != magic {
		c.Fail("magic", "%#08x is not GGUF", got)
	}
	f.version = c.U32("version")
	switch {
	case c.Err != nil:
	case f.version == 2<<24 || f.version == 3<<24:
		return nil, fmt.Errorf("%w: %s: the file is big-endian", weights.ErrUnsupported, name)
	case f.version != 2 && f.version != 3:
		c.Fail("version", "%d, want 2 or 3", f.version)
	}
	// The shortest tensor description is an empty name, no dimension, a type and an offset; the shortest pair an empty key, a type and a byte.
	tensors := c.length(8+4+4+8, "tensor count")
	pairs := c.length(8+4+1, "metadata count")
	f.readMeta(c, pairs)
	infos := f.readInfos(c, tensors)
	if c.Err != nil {
		return nil, c.Err
	}
	if err := f.place(c, infos); err != nil {
		return nil, err
	}
	return f, nil
}

func (f *File) readMeta(c *cursor, pairs int) {
	for i := 0; i < pairs && c.Err == nil; i++ {
		key := c.text(fmt.Sprintf("metadata key %d of %d", i+1, pairs))
		field := "metadata " + weights.Clip(key)
		v := c.value(c.U32(field), field)
		if _, twice := f.meta[key]; twice {
			c.Fail(field, "stands twice")
		}
		f.meta[key] = v
	}
}

// info is a tensor's description before its place in the file has been checked.
type info struct {
	Tensor
	offset, size uint64
}

func (f *File) readInfos(c *cursor, tensors int) []info {
	var infos []info
	for i := 0; i < tensors && c.Err == nil; i++ {
		t := info{Tensor: Tensor{Name: c.text(fmt.Sprintf("name of tensor %d of %d", i+1, tensors))}}
		field := "tensor " + weights.Clip(t.Name)
		rank := c.U32(field + " rank")
		if rank > maxRank {
			c.Fail(field+" rank", "%d, at most %d", rank, maxRank)
		}
		count := uint64(1)
		for d := uint32(0); d < rank && c.Err == nil; d++ {
			n := c.U64(field + " shape")
			// Half of the range of int keeps every later product with an element's size within an int64.
			if n == 0 || n > math.MaxInt64/16/count {
				c.Fail(field+" shape", "dimension %d of length %d", d, n)
				break
			}
			count *= n
			t.Shape = append(t.Shape, int(n))
		}
		t.Type = blocks.Type(c.U32(field + " type"))
		t.offset = c.U64(field + " offset")
		if c.Err != nil {
			break
		}
		if values, bytes := t.Type.Size(); values > 0 {
			if row := rowLength(t.Shape); row%values != 0 {
				c.Fail(field+" shape", "rows of %d are no multiple of %s's block of %d", row, t.Type, values)
			}
			t.size = count / uint64(values) * uint64(bytes)
		}
		if _, twice := f.tensors[t.Name]; twice {
			c.Fail(field, "stands twice")
		}
		slices.Reverse(t.Shape)
		f.tensors[t.Name] = t.Tensor
		infos = append(infos, t)
	}
	return infos
}

// rowLength is the length of the innermost dimension, which GGUF writes first.
func rowLength(shape []int) int {
	if len(shape) == 0 {
		return 1
	}
	return shape[0]
}

// place checks that the tensors' data lie within the file, aligned and apart from each other, and hands each tensor its bytes.
func (f *File) place(c *cursor, infos []info) error {
	alignment := uint64(defaultAlignment)
	if v, ok, err := lookup[uint64](f, alignmentKey); err != nil {
		return err
	} else if ok {
		alignment = v
	}
	if alignment == 0 || alignment > maxAlignment || alignment%8 != 0 {
		return fmt.Errorf("%w: %s: metadata %s is %d, not a multiple of 8 up to %d", weights.ErrFormat, f.name, alignmentKey, alignment, maxAlignment)
	}
	start := (uint64(c.At) + alignment - 1) / alignment * alignment
	if len(infos) == 0 {
		return nil
	}
	if start > uint64(len(f.data)) {
		return fmt.Errorf("%w: %s: the file ends before the tensors' data", weights.ErrFormat, f.name)
	}
	data := f.data[start:]
	slices.SortStableFunc(infos, func(a, b info) int { return cmp.Compare(a.offset, b.offset) })
	end, before := uint64(0), ""
	for _, t := range infos {
		switch {
		case t.offset%alignment != 0:
			return fmt.Errorf("%w: %s: tensor %s: offset %d is not aligned to %d", weights.ErrFormat, f.name, weights.Clip(t.Name), t.offset, alignment)
		case t.offset > uint64(len(data)) || t.size > uint64(len(data))-t.offset:
			return fmt.Errorf("%w: %s: tensor %s: %d bytes at offset %d, the data are %d bytes long", weights.ErrFormat, f.name, weights.Clip(t.Name), t.size, t.offset, len(data))
		case t.offset < end:
			return fmt.Errorf("%w: %s: tensor %s overlaps %s", weights.ErrFormat, f.name, weights.Clip(t.Name), weights.Clip(before))
		}
		end, before = t.offset+t.size, t.Name
		if t.size > 0 {
			t.data = data[t.offset:end:end]
		}
		f.tensors[t.Name] = t.Tensor
	}
	return nil
}
