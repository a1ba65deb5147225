package read

import (
	"fmt"
	"iter"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/ipc"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"slm/data/corpus/doc"
)

// arrowTable has named columns, and a record a row, in Arrow's format for files or for streams.
var arrowTable = Format{Name: "Arrow", Ends: []string{".arrow", ".feather", ".ipc", ".arrows"}, Binary: true, Read: func(in *Input) iter.Seq2[doc.Document, error] {
	return in.columnar(openArrow)
}}

func openArrow(at readerAt, size int64, pool memory.Allocator, field string) (iter.Seq2[record, error], error) {
	batches, schema, err := arrowBatches(at, size, pool)
	if err != nil {
		return nil, err
	}
	names := make([]string, schema.NumFields())
	for i := range names {
		names[i] = schema.Field(i).Name
	}
	c, err := columnsOf(names, field)
	if err != nil {
		return nil, err
	}
	if t := schema.Field(c.text).Type; !isText(t) {
		return nil, fmt.Errorf("the column %q is no text but %s", field, t)
	}
	return func(yield func(record, error) bool) {
		for batch, err := range batches {
			if err != nil {
				yield(record{}, err)
				return
			}
			for row := range int(batch.NumRows()) {
				r := c.record(func(i int) string {
					if batch.Column(i).IsNull(row) {
						return ""
					}
					return batch.Column(i).ValueStr(row)
				})
				if !yield(r, nil) {
					return
				}
			}
		}
	}, nil
}

func isText(t arrow.DataType) bool {
	if d, ok := t.(*arrow.DictionaryType); ok {
		t = d.ValueType
	}
	return t.ID() == arrow.STRING || t.ID() == arrow.LARGE_STRING || t.ID() == arrow.STRING_VIEW
}

// arrowBatches tells a file from a stream by its first bytes.
func arrowBatches(at readerAt, size int64, pool memory.Allocator) (iter.Seq2[arrow.Record, error], *arrow.Schema, error) {
	magic := make([]byte, len(ipc.Magic))
	if _, err := at.ReadAt(magic, 0); err == nil && string(magic) == string(ipc.Magic) {
		if err := checkArrowFile(at, size); err != nil {
			return nil, nil, err
		}
		f, err := ipc.NewFileReader(at, ipc.WithAllocator(pool))
		if err != nil {
			return nil, nil, err
		}
		return func(yield func(arrow.Record, error) bool) {
			for i := range f.NumRecords() {
				if r, err := f.Record(i); !yield(r, err) || err != nil {
					return
				}
			}
		}, f.Schema(), nil
	}
	if err := checkArrowStream(at, size); err != nil {
		return nil, nil, fmt.Errorf("neither an Arrow file nor a stream: %w", err)
	}
	r, err := ipc.NewReader(at, ipc.WithAllocator(pool))
	if err != nil {
		return nil, nil, fmt.Errorf("neither an Arrow file nor a stream: %w", err)
	}
	return func(yield func(arrow.Record, error) bool) {
		for r.Next() {
			if !yield(r.Record(), nil) {
				return
			}
		}
		if err := r.Err(); err != nil {
			yield(nil, err)
		}
	}, r.Schema(), nil
}
