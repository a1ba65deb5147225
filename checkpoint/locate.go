package checkpoint

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"unsafe"
)

// maxRepaired is the longest file that is put together in memory to be located in. // bytes
const maxRepaired = 1 << 30

// whereIn says in words where in a file an offset lies: tensor and index, column and row, or line.
func whereIn(path string, d damage) string {
	data, release, err := repaired(path, d)
	if err != nil {
		return fmt.Sprintf("byte %d", d.offset)
	}
	defer release()
	if where := whereInBytes(data, d); where != "" {
		return where
	}
	return fmt.Sprintf("byte %d", d.offset)
}

// repaired returns a file's bytes as they were, as far as that is known.
func repaired(path string, d damage) (data []byte, release func(), err error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, nil, err
	}
	if d.was == nil || info.Size() > maxRepaired {
		f, err := os.Open(path)
		if err != nil {
			return nil, nil, err
		}
		defer func() { _ = f.Close() }() // a mapping outlives its file
		if data, err = mapFile(f, int(info.Size())); err != nil {
			return nil, nil, err
		}
		return data, func() { _ = unmap(data) }, nil
	}
	if data, err = os.ReadFile(path); err != nil {
		return nil, nil, err
	}
	copy(data[min(d.offset, int64(len(data))):], d.was)
	return data, func() {}, nil
}

// whereInBytes is whereIn for a file's bytes; "" if they do not say.
func whereInBytes(data []byte, d damage) string {
	if !bytes.HasPrefix(data, []byte(arrowMagic)) && !bytes.HasSuffix(data, []byte(arrowMagic)) {
		if d.offset > int64(len(data)) || bytes.IndexByte(data[:min(len(data), 512)], 0) >= 0 {
			return ""
		}
		line := 1 + bytes.Count(data[:d.offset], []byte("\n"))
		return fmt.Sprintf("line %d, column %d", line, d.offset-int64(bytes.LastIndexByte(data[:d.offset], '\n')))
	}
	a, err := parseArrow(data)
	if err != nil {
		return ""
	}
	first := 0 // row of the table that the batch begins with
	for i, b := range a.blocks {
		if d.offset < b.offset {
			return fmt.Sprintf("byte %d, between the record batches", d.offset)
		}
		batch, err := a.batch(i)
		if d.offset >= b.offset+b.meta+b.body {
			first += batch.rows
			continue
		}
		if err != nil || d.offset < b.offset+b.meta {
			return fmt.Sprintf("byte %d, in the header of record batch %d", d.offset, i)
		}
		if where := a.whereInBatch(i, batch, first, d); where != "" {
			return where
		}
		return fmt.Sprintf("byte %d, in record batch %d", d.offset, i)
	}
	return fmt.Sprintf("byte %d, in the schema", d.offset)
}

// whereInBatch names the tensor or the column.
func (a *arrowFile) whereInBatch(i int, b batch, first int, d damage) string {
	weights := len(a.fields) == len(weightColumns)
	for k := range a.fields {
		weights = weights && a.fields[k].name == weightColumns[k].Name
	}
	for k := range a.fields {
		v, err := a.column(b, k)
		if err != nil {
			return ""
		}
		if !weights {
			if row, ok := a.rowAt(v, d.offset); ok {
				return fmt.Sprintf("row %d, column %q", first+min(row, max(0, b.rows-1)), a.fields[k].name)
			}
			continue
		}
		tensor, _, err := weightAt(a, i)
		if err != nil {
			return ""
		}
		if k == 2 {
			if at, ok := a.within(v.child.data, d.offset); ok {
				return tensorPlace(tensor, int(at/4), d)
			}
		}
		if _, ok := a.rowAt(v, d.offset); ok {
			return fmt.Sprintf("tensor %s, its %s", tensor.Name, a.fields[k].name)
		}
	}
	return ""
}

// tensorPlace names the element at which a tensor begins to differ, or the elements of the block that holds it.
func tensorPlace(t Tensor, at int, d damage) string {
	if !d.exact {
		last := min(len(t.Data), at+blockSize/4) - 1
		return fmt.Sprintf("tensor %s, first at an index from %d %s to %d %s", t.Name, at, subscript(t.Shape, at), last, subscript(t.Shape, last))
	}
	return fmt.Sprintf("tensor %s, index %d %s", t.Name, at, subscript(t.Shape, at))
}

// subscript writes an index as [row,column].
func subscript(shape []int, index int) string {
	at := make([]int, len(shape))
	for i := len(shape) - 1; i >= 0; i-- {
		if shape[i] > 0 {
			at[i], index = index%shape[i], index/shape[i]
		}
	}
	var b bytes.Buffer
	for i, n := range at {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprint(&b, n)
	}
	return "[" + b.String() + "]"
}

// within returns the position of a file's offset in a view of it.
func (a *arrowFile) within(part []byte, offset int64) (int64, bool) {
	if len(part) == 0 {
		return 0, false
	}
	start := int64(uintptr(unsafe.Pointer(unsafe.SliceData(part))) - uintptr(unsafe.Pointer(unsafe.SliceData(a.data))))
	return offset - start, offset >= start && offset < start+int64(len(part))
}

// rowAt returns the row of a column whose value, length or null lies at a file's offset.
func (a *arrowFile) rowAt(v *values, offset int64) (int, bool) {
	if at, ok := a.within(v.valid, offset); ok {
		return int(at * 8), true
	}
	if at, ok := a.within(v.offsets, offset); ok {
		if v.long {
			return int(at / 8), true
		}
		return int(at / 4), true
	}
	owner := func(position int64) int { // the row whose part of the data or of the child holds a position
		return sort.Search(v.rows, func(i int) bool { return v.offset(i+1) > position })
	}
	if at, ok := a.within(v.data, offset); ok {
		switch {
		case v.offsets != nil:
			return owner(at), true
		case v.field.width > 0:
			return int(at) / v.field.width, true
		}
		return int(at * 8), true
	}
	if v.child != nil {
		if row, ok := a.rowAt(v.child, offset); ok {
			return owner(int64(row)), true
		}
	}
	return 0, false
}

// Fault is one difference between a checkpoint's folder and its manifest.
type Fault struct {
	File  string `json:"file"`            // in the folder
	Where string `json:"where,omitempty"` // tensor and index, column and row, or line
	What  string `json:"what"`
}

// String is the fault in one line.
func (f Fault) String() string {
	if f.Where == "" {
		return f.File + ": " + f.What
	}
	return f.File + ": " + f.Where + ": " + f.What
}

// fault compares a file with what its manifest says of it.
func (f File) fault(dir string) (*Fault, error) {
	path := filepath.Join(dir, filepath.FromSlash(f.Name))
	if sum, size, err := HashFile(path); err != nil || sum == f.SHA256 && size == f.Size {
		return nil, err
	}
	got, err := sumFile(path)
	if err != nil {
		return nil, err
	}
	out := &Fault{File: f.Name, What: fmt.Sprintf("differs from its manifest (sha256 %.12s…, not %.12s…)", got.sha256, f.SHA256)}
	if got.size != f.Size {
		out.What = fmt.Sprintf("has %d bytes, not %d", got.size, f.Size)
		return out, nil
	}
	d, ok := findDamage(path, f.Blocks, got.blocks)
	if !ok {
		if holdsTensors(path) {
			out.Where = differingTensor(path)
		}
		return out, nil
	}
	out.Where = whereIn(path, d)
	if d.blocks > 1 {
		out.What = fmt.Sprintf("%d blocks of %d KB differ: ", d.blocks, blockSize>>10) + out.What
	}
	if d.was != nil {
		out.What = d.change(path) + out.What
	}
	return out, nil
}

// change says what a damaged byte is and what it was.
func (d damage) change(path string) string {
	is, err := readAt(path, d.offset, len(d.was))
	if err != nil {
		return ""
	}
	text := fmt.Sprintf("% x, and was % x", is, d.was)
	start := d.offset &^ 3
	if word, err := readAt(path, start, 4); err == nil && len(word) == 4 && filepath.Ext(path) == ".arrow" && d.offset+int64(len(d.was)) <= start+4 {
		was := bytes.Clone(word)
		copy(was[d.offset-start:], d.was)
		text = fmt.Sprintf("%v, and was %v", float(word), float(was))
		if !holdsTensors(path) {
			text = fmt.Sprintf("% x, and was % x", word, was)
		}
	}
	return text + "; "
}

func holdsTensors(path string) bool { return slices.Contains(TensorFiles, filepath.Base(path)) }

func float(raw []byte) float32 {
	return math.Float32frombits(uint32(raw[0]) | uint32(raw[1])<<8 | uint32(raw[2])<<16 | uint32(raw[3])<<24)
}

// differingTensor names the first tensor that differs from its own sha256, for manifests without blocks.
func differingTensor(path string) string {
	w, err := OpenWeights(path)
	if err != nil {
		return ""
	}
	defer func() { _ = w.Close() }()
	if i := w.differing(); i >= 0 {
		return "tensor " + w.Tensors[i].Name
	}
	return ""
}
