package checkpoint

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"math"
	"sort"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/ipc"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// Tensor is a named array in row-major order. len(Data) is the product of Shape.
type Tensor struct {
	Name  string
	Shape []int
	Data  []float32
}

// TensorFiles are the names of the files that WriteWeights makes in the checkpoints and saves of models.
var TensorFiles = []string{"weights.arrow", "base.arrow", "adapter.arrow", "optimizer.arrow"}

// weightColumns is the schema of weights.arrow: one record batch of one row a tensor. sha256 is over the little-endian bytes of data.
var weightColumns = []arrow.Field{
	{Name: "name", Type: arrow.BinaryTypes.String},
	{Name: "shape", Type: arrow.ListOf(arrow.PrimitiveTypes.Int64)},
	{Name: "data", Type: arrow.LargeListOf(arrow.PrimitiveTypes.Float32)},
	{Name: "sha256", Type: &arrow.FixedSizeBinaryType{ByteWidth: sha256.Size}},
}

// WriteWeights writes tensors to an Arrow IPC file, uncompressed so that it can be mapped. meta goes into the schema's metadata. The
// file takes its place only when it is whole and synced. Tensors are not copied.
func WriteWeights(path string, meta map[string]string, ts []Tensor) error {
	seen := map[string]bool{}
	for _, t := range ts {
		if n, ok := elements(t.Shape); !ok || n != len(t.Data) {
			return fmt.Errorf("checkpoint: write %s: tensor %s of shape %v has %d elements", path, t.Name, t.Shape, len(t.Data))
		}
		if seen[t.Name] {
			return fmt.Errorf("checkpoint: write %s: two tensors are named %s", path, t.Name)
		}
		seen[t.Name] = true
	}
	w, err := newArrowWriter(path, arrow.NewSchema(weightColumns, metadata(meta)))
	if err != nil {
		return err
	}
	for _, t := range ts {
		rec := weightRecord(w.schema, t)
		err := w.write(rec)
		rec.Release()
		if err != nil {
			return w.fail(fmt.Errorf("tensor %s: %w", t.Name, err))
		}
	}
	return w.close()
}

// weightRecord is a tensor as a record of one row whose data buffer is the tensor's own memory.
func weightRecord(schema *arrow.Schema, t Tensor) arrow.Record {
	mem := memory.DefaultAllocator
	name := array.NewStringBuilder(mem)
	name.Append(t.Name)
	shape := array.NewListBuilder(mem, arrow.PrimitiveTypes.Int64)
	shape.Append(true)
	for _, d := range t.Shape {
		shape.ValueBuilder().(*array.Int64Builder).Append(int64(d))
	}
	raw := rawFloats(t.Data)
	flat := array.NewData(arrow.PrimitiveTypes.Float32, len(t.Data), []*memory.Buffer{nil, memory.NewBufferBytes(raw)}, nil, 0, 0)
	ends := arrow.Int64Traits.CastToBytes([]int64{0, int64(len(t.Data))})
	data := array.NewData(weightColumns[2].Type, 1, []*memory.Buffer{nil, memory.NewBufferBytes(ends)}, []arrow.ArrayData{flat}, 0, 0)
	sum := sha256.Sum256(raw)
	digest := array.NewFixedSizeBinaryBuilder(mem, weightColumns[3].Type.(*arrow.FixedSizeBinaryType))
	digest.Append(sum[:])
	return array.NewRecord(schema, []arrow.Array{name.NewArray(), shape.NewArray(), array.MakeFromData(data), digest.NewArray()}, 1)
}

// elements is the product of a shape; false when it is negative or does not fit.
func elements(shape []int) (int, bool) {
	n := 1
	for _, d := range shape {
		if d < 0 || (d > 0 && n > math.MaxInt/4/d) {
			return 0, false
		}
		n *= d
	}
	return n, true
}

// Weights is a mapped file of tensors. Tensors and what is sliced from them must not be used, nor written to, after Close or before.
type Weights struct {
	Meta    map[string]string
	Tensors []Tensor // views of the file, read only
	sums    [][]byte
	data    []byte
}

// OpenWeights maps a file that WriteWeights made. Every length is checked against the file before it is used, nothing is copied and no
// tensor's bytes are read; Verify does that. Errors: ErrCorrupt, or what the file system says.
func OpenWeights(path string) (*Weights, error) {
	a, err := openMapped(path)
	if err != nil {
		return nil, fmt.Errorf("checkpoint: open %s: %w", path, err)
	}
	w := &Weights{Meta: a.meta, data: a.data}
	if err := w.load(a); err != nil {
		return nil, errors.Join(fmt.Errorf("checkpoint: open %s: %w", path, err), w.Close())
	}
	return w, nil
}

func (w *Weights) load(a *arrowFile) error {
	types := []string{"utf8", "list<int64>", "large_list<float32>", fmt.Sprintf("fixed_size_binary[%d]", sha256.Size)}
	if len(a.fields) != len(types) {
		return fmt.Errorf("%w: %d columns do not hold weights", ErrCorrupt, len(a.fields))
	}
	for i, typ := range types {
		if a.fields[i].name != weightColumns[i].Name || a.fields[i].typ != typ {
			return fmt.Errorf("%w: column %d is %s: %s, not %s: %s", ErrCorrupt, i, a.fields[i].name, a.fields[i].typ, weightColumns[i].Name, typ)
		}
	}
	seen := make(map[string]bool, len(a.blocks))
	for i := range a.blocks {
		t, sum, err := weightAt(a, i)
		if err != nil {
			return err
		}
		if seen[t.Name] {
			return fmt.Errorf("%w: two tensors are named %q", ErrCorrupt, t.Name)
		}
		seen[t.Name] = true
		w.Tensors, w.sums = append(w.Tensors, t), append(w.sums, sum)
	}
	return nil
}

func weightAt(a *arrowFile, i int) (t Tensor, sum []byte, err error) {
	b, err := a.batch(i)
	if err != nil {
		return t, nil, err
	}
	if b.rows != 1 {
		return t, nil, fmt.Errorf("%w: record batch %d has %d tensors", ErrCorrupt, i, b.rows)
	}
	var cols [4]*values
	for k := range cols {
		if cols[k], err = a.column(b, k); err != nil {
			return t, nil, err
		}
		if cols[k].null(0) || cols[k].child != nil && cols[k].child.valid != nil {
			return t, nil, fmt.Errorf("%w: record batch %d has a null", ErrCorrupt, i)
		}
	}
	t.Name = string(cols[0].bytes(0))
	from, to := cols[1].offset(0), cols[1].offset(1)
	if to-from > 64 {
		return t, nil, fmt.Errorf("%w: tensor %q has %d dimensions", ErrCorrupt, t.Name, to-from)
	}
	t.Shape = make([]int, 0, to-from)
	for k := from; k < to; k++ {
		t.Shape = append(t.Shape, int(cols[1].child.uint(int(k))))
	}
	from, to = cols[2].offset(0), cols[2].offset(1)
	if n, ok := elements(t.Shape); !ok || int64(n) != to-from {
		return t, nil, fmt.Errorf("%w: tensor %q of shape %v has %d elements", ErrCorrupt, t.Name, t.Shape, to-from)
	}
	t.Data = cols[2].child.floats(from, to)
	return t, cols[3].data[:sha256.Size], nil
}

// differing is the first tensor that differs from its sha256; -1 = none does.
func (w *Weights) differing() int {
	for i, t := range w.Tensors {
		if sum := sha256.Sum256(rawFloats(t.Data)); !bytes.Equal(sum[:], w.sums[i]) {
			return i
		}
	}
	return -1
}

// Close unmaps the file.
func (w *Weights) Close() error {
	data := w.data
	w.data, w.Tensors = nil, nil
	if data == nil {
		return nil
	}
	return unmap(data)
}

// metadata turns a map into schema metadata, keys sorted.
func metadata(meta map[string]string) *arrow.Metadata {
	keys := make([]string, 0, len(meta))
	for k := range meta {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	vals := make([]string, len(keys))
	for i, k := range keys {
		vals[i] = meta[k]
	}
	m := arrow.NewMetadata(keys, vals)
	return &m
}

// arrowWriter writes record batches to an Arrow IPC file that takes its place when it is closed.
type arrowWriter struct {
	schema *arrow.Schema
	out    *atomicFile
	w      *ipc.FileWriter
}

func newArrowWriter(path string, schema *arrow.Schema) (*arrowWriter, error) {
	out, err := createAtomic(path)
	if err != nil {
		return nil, err
	}
	a := &arrowWriter{schema: schema, out: out}
	if a.w, err = ipc.NewFileWriter(out, ipc.WithSchema(schema)); err != nil {
		return nil, a.fail(err)
	}
	return a, nil
}

func (a *arrowWriter) write(rec arrow.Record) (err error) {
	defer func() { // the library may panic on input that it does not expect
		if r := recover(); r != nil {
			err = fmt.Errorf("arrow: %v", r)
		}
	}()
	return a.w.Write(rec)
}

func (a *arrowWriter) close() error {
	if err := a.w.Close(); err != nil {
		return a.fail(err)
	}
	return a.out.commit()
}

// fail removes what was written and says why.
func (a *arrowWriter) fail(err error) error {
	err = fmt.Errorf("checkpoint: write %s: %w", a.out.path, err)
	if rerr := a.out.abort(); rerr != nil {
		err = fmt.Errorf("%w (and %w)", err, rerr)
	}
	return err
}
