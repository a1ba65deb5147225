package read

import (
	"errors"
	"fmt"
	"iter"
	"strconv"
	"sync"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/bitutil"
	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/apache/arrow/go/v17/parquet"
	parquetfile "github.com/apache/arrow/go/v17/parquet/file"

	"slm/data/corpus/doc"
)

// parquetTable has named columns, and a record a row. Of a file the named columns are read, page by page.
var parquetTable = Format{Name: "Parquet", Ends: []string{".parquet"}, Binary: true, Read: func(in *Input) iter.Seq2[doc.Document, error] { return in.columnar(openParquet) }}

func openParquet(at readerAt, size int64, pool memory.Allocator, field string) (iter.Seq2[record, error], error) {
	props := parquet.NewReaderProperties(pool)
	props.BufferedStreamEnabled = true
	f, err := parquetfile.NewParquetReader(at, parquetfile.WithReadProps(props))
	if err != nil {
		return nil, err
	}
	schema := f.MetaData().Schema
	names := make([]string, schema.NumColumns())
	for i := range names {
		names[i] = schema.Column(i).Path()
	}
	c, err := columnsOf(names, field)
	if err != nil {
		return nil, err
	}
	for _, i := range []int{c.text, c.title, c.number, c.heading} {
		if i >= 0 && (schema.Column(i).MaxRepetitionLevel() > 0 || !readable(schema.Column(i).PhysicalType(), i == c.text)) {
			return nil, fmt.Errorf("the column %q is no text but %s", names[i], schema.Column(i).PhysicalType())
		}
	}
	for i := range f.NumRowGroups() {
		if f.MetaData().RowGroups[i].TotalByteSize > max(unpackedMost, unpackedTimes*size) {
			return nil, tooLarge()
		}
	}
	return func(yield func(record, error) bool) {
		for i := range f.NumRowGroups() {
			if more, err := rowGroup(f.RowGroup(i), c, pool, yield); err != nil || !more {
				if err != nil {
					yield(record{}, err)
				}
				return
			}
		}
	}, nil
}

func readable(t parquet.Type, text bool) bool {
	return t == parquet.Types.ByteArray || !text && (t == parquet.Types.Int32 || t == parquet.Types.Int64)
}

// rowGroup yields the rows of a group.
func rowGroup(g *parquetfile.RowGroupReader, c columns, pool memory.Allocator, yield func(record, error) bool) (more bool, err error) {
	readers := map[int]*parquetColumn{}
	for _, i := range []int{c.text, c.title, c.number, c.heading} {
		if i >= 0 && readers[i] == nil {
			if readers[i], err = openColumn(g, i, pool); err != nil {
				return false, err
			}
			defer readers[i].Release()
		}
	}
	for left := g.NumRows(); left > 0; {
		n := min(left, batchRows)
		for i, r := range readers {
			if err := r.fill(int(n)); err != nil {
				return false, fmt.Errorf("column %d: %w", i+1, err)
			}
		}
		for row := range int(n) {
			if !yield(c.record(func(i int) string { return readers[i].texts[row] }), nil) {
				return false, nil
			}
		}
		left -= n
	}
	return true, nil
}

// batchRows is how many rows are read at a time.
const batchRows = 1024

// parquetColumn is a column of a row group. The library's record readers end where levels are damaged; its readers of values do not.
type parquetColumn struct {
	parquetfile.RecordReader
	texts []string // of the batch
}

func openColumn(g *parquetfile.RowGroupReader, i int, pool memory.Allocator) (*parquetColumn, error) {
	pages, err := g.GetColumnPageReader(i)
	if err != nil {
		return nil, err
	}
	descr, err := g.Column(i)
	if err != nil {
		return nil, err
	}
	level := parquetfile.LevelInfo{NullSlotUsage: 1, DefLevel: descr.Descriptor().MaxDefinitionLevel()}
	buffers := &sync.Pool{New: func() any { return memory.NewResizableBuffer(pool) }}
	r := parquetfile.NewRecordReader(descr.Descriptor(), level, arrow.BinaryTypes.Binary, pool, buffers)
	r.SetPageReader(pages)
	return &parquetColumn{RecordReader: r}, nil
}

// fill reads the next n values. No value is an empty text.
func (c *parquetColumn) fill(n int) error {
	c.texts = c.texts[:0]
	c.Reset()
	got, err := c.ReadRecords(int64(n))
	if err != nil {
		return err
	}
	switch r := c.RecordReader.(type) {
	case parquetfile.BinaryRecordReader:
		for _, chunk := range r.GetBuilderChunks() {
			values, ok := chunk.(*array.Binary)
			if !ok {
				return fmt.Errorf("no text but %s", chunk.DataType())
			}
			for i := range values.Len() {
				c.texts = append(c.texts, string(values.Value(i))) // of a null nothing
			}
			values.Release()
		}
	default:
		c.numbers()
	}
	if int(got) != n || len(c.texts) != n {
		return errors.New("it ends before the others do")
	}
	return nil
}

// numbers are the values of a column of whole numbers.
func (c *parquetColumn) numbers() {
	valid := c.ReleaseValidBits() // nil: all are
	for i := range c.ValuesWritten() {
		text := ""
		switch {
		case valid != nil && !bitutil.BitIsSet(valid.Bytes(), i):
		case c.Type() == parquet.Types.Int32:
			text = strconv.Itoa(int(arrow.Int32Traits.CastFromBytes(c.Values())[i]))
		default:
			text = strconv.FormatInt(arrow.Int64Traits.CastFromBytes(c.Values())[i], 10)
		}
		c.texts = append(c.texts, text)
	}
}
