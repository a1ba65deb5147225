package checkpoint

import (
	"errors"
	"fmt"
	"iter"
	"reflect"
	"slices"
	"sync/atomic"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// A batch of a table is written when it has batchRows rows or about batchBytes bytes.
const (
	batchRows  = 4096
	batchBytes = 8 << 20
)

// WriteTable writes rows to an Arrow IPC file with a column for each field of T that has a tag `arrow:"name"`. Field types: string,
// bool, int, int32, int64, uint64, float32, float64, []byte, []string, []int32, []int64, []float32, []float64, time.Time (to the microsecond, UTC),
// and pointers to them, which make the column nullable. Bytes of a string that are no UTF-8 become U+FFFD. meta goes into the
// schema's metadata. A column that is tagged `arrow:"name,optional"` is left out where every row has the type's zero value in it, so that a
// file without such values has the bytes that it had before the column was thought of.
func WriteTable[T any](path string, rows []T, meta map[string]string) error {
	used := func(c column) bool {
		return !c.optional || slices.ContainsFunc(rows, func(row T) bool { return !reflect.ValueOf(row).Field(c.index).IsZero() })
	}
	w, err := newTableWriter[T](path, meta, used)
	if err != nil {
		return err
	}
	if err := w.Append(rows...); err != nil {
		return err
	}
	return w.Close()
}

// TableWriter streams rows to an Arrow file in memory that does not grow with their number. The file takes its place on Close.
type TableWriter[T any] struct {
	w    *arrowWriter
	cols []column
	b    *array.RecordBuilder
	rows int
	size int // bytes, about
	err  error
}

// NewTableWriter begins a table with all columns; see WriteTable for what T may be.
func NewTableWriter[T any](path string, meta map[string]string) (*TableWriter[T], error) {
	return newTableWriter[T](path, meta, func(column) bool { return true })
}

func newTableWriter[T any](path string, meta map[string]string, used func(column) bool) (*TableWriter[T], error) {
	cols, err := columnsOf(reflect.TypeFor[T]())
	if err != nil {
		return nil, fmt.Errorf("checkpoint: write %s: %w", path, err)
	}
	cols = slices.DeleteFunc(cols, func(c column) bool { return !used(c) })
	fields := make([]arrow.Field, len(cols))
	for i, c := range cols {
		fields[i] = arrow.Field{Name: c.name, Type: c.arrow, Nullable: c.nullable}
	}
	w, err := newArrowWriter(path, arrow.NewSchema(fields, metadata(meta)))
	if err != nil {
		return nil, err
	}
	return &TableWriter[T]{w: w, cols: cols, b: array.NewRecordBuilder(memory.DefaultAllocator, w.schema)}, nil
}

// Append adds rows. After an error the file is gone and every later call returns that error.
func (t *TableWriter[T]) Append(rows ...T) error {
	if t.err != nil {
		return t.err
	}
	for i := range rows {
		v := reflect.ValueOf(&rows[i]).Elem()
		for k, c := range t.cols {
			t.size += c.append(t.b.Field(k), v.Field(c.index))
		}
		t.rows++
		if t.rows >= batchRows || t.size >= batchBytes {
			if err := t.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (t *TableWriter[T]) flush() error {
	if t.rows == 0 {
		return nil
	}
	rec := t.b.NewRecord()
	defer rec.Release()
	t.rows, t.size = 0, 0
	if err := t.w.write(rec); err != nil {
		t.err = t.w.fail(err)
	}
	return t.err
}

// Close writes what is left and puts the file in its place.
func (t *TableWriter[T]) Close() error {
	if t.err != nil {
		return t.err
	}
	if err := t.flush(); err != nil {
		return err
	}
	t.err = errors.New("checkpoint: table is closed")
	return t.w.close()
}

// Abort removes what was written. After Close or an error it does nothing.
func (t *TableWriter[T]) Abort() error {
	if t.err != nil {
		return nil
	}
	t.err = errors.New("checkpoint: table was aborted")
	return t.w.out.abort()
}

// ReadTable reads a table into rows of T. The file must have a column of the right type for each tagged field that is not optional; others are
// passed over. Empty lists come back as nil. Errors name the file and the column: ErrCorrupt, or what the file system says.
func ReadTable[T any](path string) ([]T, map[string]string, error) {
	t, err := OpenTable[T](path)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = t.Close() }()
	rows := make([]T, 0, t.Rows)
	for row := range t.All() {
		rows = append(rows, row)
	}
	return rows, t.Meta, nil
}

// Table is a mapped table that is read row by row, in order or at random. Rows are copied and stay valid after Close. It is safe for
// concurrent use.
type Table[T any] struct {
	Meta map[string]string
	Rows int

	a       *arrowFile
	cols    []column
	at      []int // column of the file for each of cols
	batches batches[[]*values]
	touched atomic.Int64 // rows that At has read since it gave pages back
}

// pagesAfter is the number of random reads after which a mapping's pages are given back. A read makes up to 64 KB of each column resident.
const pagesAfter = 64

// batches finds the record batch of a row.
type batches[C any] struct {
	first []int // row with which each batch begins
	cols  []C
}

func (b *batches[C]) add(first int, cols C) {
	b.first, b.cols = append(b.first, first), append(b.cols, cols)
}

// find returns the columns of the batch that holds row i, and the row within it.
func (b *batches[C]) find(i int) (C, int) {
	n, found := slices.BinarySearch(b.first, i)
	for found && n+1 < len(b.first) && b.first[n+1] == i {
		n++ // batches without a row come before the one that has it
	}
	if !found {
		n--
	}
	return b.cols[n], i - b.first[n]
}

// OpenTable maps a table and checks its schema and the header of every batch.
func OpenTable[T any](path string) (*Table[T], error) {
	cols, err := columnsOf(reflect.TypeFor[T]())
	if err != nil {
		return nil, fmt.Errorf("checkpoint: read %s: %w", path, err)
	}
	a, err := openMapped(path)
	if err != nil {
		return nil, fmt.Errorf("checkpoint: read %s: %w", path, err)
	}
	t := &Table[T]{Meta: a.meta, a: a, cols: cols}
	if err := t.check(); err != nil {
		_ = t.Close()
		return nil, fmt.Errorf("checkpoint: read %s: %w", path, err)
	}
	return t, nil
}

// check finds the columns and counts the rows. A row takes at least a bit in each column, so the count is bounded by the file.
func (t *Table[T]) check() error {
	has := func(c column) bool {
		return slices.ContainsFunc(t.a.fields, func(f field) bool { return f.name == c.name })
	}
	t.cols = slices.DeleteFunc(t.cols, func(c column) bool { return c.optional && !has(c) })
	for _, c := range t.cols {
		found := -1
		for i, f := range t.a.fields {
			if f.name == c.name {
				found = i
			}
		}
		if found < 0 {
			return fmt.Errorf("%w: no column %q", ErrCorrupt, c.name)
		}
		if f := t.a.fields[found]; !c.accepts(f.typ) {
			return fmt.Errorf("%w: column %q is %s, not %s", ErrCorrupt, c.name, f.typ, c.typ)
		}
		t.at = append(t.at, found)
	}
	for i := range t.a.blocks {
		b, err := t.a.batch(i)
		if err != nil {
			return err
		}
		cols := make([]*values, len(t.cols))
		for k, at := range t.at {
			if cols[k], err = t.a.column(b, at); err != nil {
				return fmt.Errorf("record batch %d: %w", i, err)
			}
			if v := cols[k]; v.valid != nil && !t.cols[k].nullable || v.child != nil && v.child.valid != nil {
				return fmt.Errorf("%w: column %q has a null in record batch %d", ErrCorrupt, t.cols[k].name, i)
			}
		}
		t.batches.add(t.Rows, cols)
		if t.Rows += b.rows; int64(t.Rows) > 8*int64(len(t.a.data)) {
			return fmt.Errorf("%w: %d rows in %d bytes", ErrCorrupt, t.Rows, len(t.a.data))
		}
		t.a.forget(i)
	}
	return nil
}

// All yields the rows in order. Of a table of any size, about one batch of the file is resident at a time.
func (t *Table[T]) All() iter.Seq[T] {
	return func(yield func(T) bool) {
		for i, cols := range t.batches.cols {
			for r := range cols[0].rows {
				if !yield(t.row(cols, r)) {
					return
				}
			}
			t.a.forget(i)
		}
	}
}

// At reads row i, 0 ≤ i < Rows. Of many rows read in any order, a few tens of megabytes of the file are resident.
func (t *Table[T]) At(i int) T {
	if t.touched.Add(1)%pagesAfter == 0 {
		t.a.forgetAll()
	}
	cols, r := t.batches.find(i)
	return t.row(cols, r)
}

func (t *Table[T]) row(cols []*values, r int) (row T) {
	v := reflect.ValueOf(&row).Elem()
	for k, c := range t.cols {
		c.read(cols[k], r, v.Field(c.index))
	}
	return row
}

// Close unmaps the file.
func (t *Table[T]) Close() error {
	if t.a == nil {
		return nil
	}
	data := t.a.data
	t.a = nil
	return unmap(data)
}
