package read

import (
	"fmt"
	"iter"
	"strconv"

	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/apache/arrow/go/v17/parquet"
	parquetfile "github.com/apache/arrow/go/v17/parquet/file"

	"slm/data/corpus/doc"
)

// parquetTable has named columns, and a record a row. Of a file the named columns are read, page by page.
var parquetTable = Format{Ends: []string{".parquet"}, Binary: true, Read: func(in *Input) iter.Seq2[doc.Document, error] { return in.columnar(openParquet) }}

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
			if more, err := rowGroup(f.RowGroup(i), c, yield); err != nil || !more {
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
func rowGroup(g *parquetfile.RowGroupReader, c columns, yield func(record, error) bool) (more bool, err error) {
	readers := map[int]parquetfile.ColumnChunkReader{}
	for _, i := range []int{c.text, c.title, c.number, c.heading} {
		if i >= 0 {
			if readers[i], err = g.Column(i); err != nil {
				return false, err
			}
		}
	}
	for range g.NumRows() {
		var failed error
		r := c.record(func(i int) string {
			value, err := nextValue(readers[i])
			if err != nil {
				failed = fmt.Errorf("column %q: %w", readers[i].Descriptor().Path(), err)
			}
			return value
		})
		if failed != nil {
			return false, failed
		}
		if !yield(r, nil) {
			return false, nil
		}
	}
	return true, nil
}

// nextValue reads one value: what was read before lies in a page that may be gone by then. No value is an empty text.
func nextValue(column parquetfile.ColumnChunkReader) (text string, err error) {
	var levels [1]int16
	var rows int64
	var values int
	switch r := column.(type) {
	case *parquetfile.ByteArrayColumnChunkReader:
		var value [1]parquet.ByteArray
		if rows, values, err = r.ReadBatch(1, value[:], levels[:], nil); values == 1 {
			text = string(value[0])
		}
	case *parquetfile.Int32ColumnChunkReader:
		var value [1]int32
		if rows, values, err = r.ReadBatch(1, value[:], levels[:], nil); values == 1 {
			text = strconv.Itoa(int(value[0]))
		}
	case *parquetfile.Int64ColumnChunkReader:
		var value [1]int64
		if rows, values, err = r.ReadBatch(1, value[:], levels[:], nil); values == 1 {
			text = strconv.FormatInt(value[0], 10)
		}
	default:
		return "", fmt.Errorf("no text but %s", column.Descriptor().PhysicalType())
	}
	if err == nil {
		err = column.Err()
	}
	if err == nil && rows != 1 {
		err = fmt.Errorf("it ends before the other columns do")
	}
	return text, err
}
