package read

import (
	"io"
	"iter"
	"sync/atomic"

	"github.com/apache/arrow/go/v17/arrow/memory"

	"slm/data/corpus/doc"
)

// headRows is how many rows are the head of a table.
const headRows = 1000

type readerAt interface {
	io.ReaderAt
	io.ReadSeeker
}

// columnar reads a table of named columns, a document a row. The libraries panic on some damaged files, and on a file that asks for more
// memory than it may have: both are errors.
func (in *Input) columnar(open func(at readerAt, size int64, pool memory.Allocator, field string) (iter.Seq2[record, error], error)) iter.Seq2[doc.Document, error] {
	return func(yield func(doc.Document, error) bool) {
		row, away := 0, false // away: in the consumer's hands
		defer func() {
			if p := recover(); p != nil {
				if away {
					panic(p)
				}
				yield(doc.Document{}, in.refuse(row+1, "damaged: %v", p))
			}
		}()
		at, size, err := in.random()
		if err != nil {
			yield(doc.Document{}, in.fail(1, err))
			return
		}
		records, err := open(io.NewSectionReader(at, 0, size), size, &bounds{Allocator: memory.NewGoAllocator(), most: max(unpackedMost, unpackedTimes*size)}, in.field)
		if err != nil {
			yield(doc.Document{}, in.fail(1, err))
			return
		}
		for r, err := range records {
			if row++; err == nil && !validText(r.text+r.title+r.number+r.heading) {
				err = errText
			}
			if err != nil {
				yield(doc.Document{}, in.fail(row, err))
				return
			}
			away = true
			more := yield(r.document(in, row), nil)
			if away = false; !more || in.head > 0 && row >= headRows {
				return
			}
		}
	}
}

// bounds is memory of which no more than what a packed file may unpack to is held at a time.
type bounds struct {
	memory.Allocator
	most int64
	held atomic.Int64
}

// Allocate panics beyond the bound, as Reallocate does: the interface has no errors.
func (b *bounds) Allocate(size int) []byte {
	b.take(size)
	return b.Allocator.Allocate(size)
}

// Reallocate grows or shrinks a piece.
func (b *bounds) Reallocate(size int, old []byte) []byte {
	b.take(size - len(old))
	return b.Allocator.Reallocate(size, old)
}

// Free gives a piece back.
func (b *bounds) Free(piece []byte) {
	b.held.Add(-int64(len(piece)))
	b.Allocator.Free(piece)
}

func (b *bounds) take(size int) {
	if b.held.Add(int64(size)) > b.most {
		panic(tooLarge())
	}
}
