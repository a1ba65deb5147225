package checkpoint

import (
	"fmt"
	"sync/atomic"
)

// Lists is a mapped column of lists of int32: lists are views of the file, which is not read but where they lie. It is safe for
// concurrent use.
type Lists struct {
	Rows int

	a       *arrowFile
	batches batches[*values]
	touched atomic.Int64 // lists that At has handed out since it gave pages back
}

// OpenLists maps a table's column of type list<int32> and checks the header and the offsets of every batch.
func OpenLists(path, column string) (*Lists, error) {
	a, err := openMapped(path)
	if err != nil {
		return nil, fmt.Errorf("checkpoint: read %s: %w", path, err)
	}
	l := &Lists{a: a}
	if err := l.load(column); err != nil {
		_ = l.Close() // the first error is the one to tell
		return nil, fmt.Errorf("checkpoint: read %s: %w", path, err)
	}
	return l, nil
}

func (l *Lists) load(column string) error {
	at := -1
	for i, f := range l.a.fields {
		if f.name == column {
			at = i
		}
	}
	if at < 0 {
		return fmt.Errorf("%w: no column %q", ErrCorrupt, column)
	}
	if typ := l.a.fields[at].typ; typ != "list<int32>" && typ != "large_list<int32>" {
		return fmt.Errorf("%w: column %q is %s, not list<int32>", ErrCorrupt, column, typ)
	}
	for i := range l.a.blocks {
		b, err := l.a.batch(i)
		if err != nil {
			return err
		}
		v, err := l.a.column(b, at)
		if err != nil {
			return fmt.Errorf("record batch %d: %w", i, err)
		}
		if v.valid != nil || v.child.valid != nil {
			return fmt.Errorf("record batch %d: %w: column %q has a null", i, ErrCorrupt, column)
		}
		l.batches.add(l.Rows, v)
		l.Rows += b.rows
		l.a.forget(i)
	}
	return nil
}

// Len is the length of list i, 0 ≤ i < Rows.
func (l *Lists) Len(i int) int {
	v, r := l.batches.find(i)
	return int(v.offset(r+1) - v.offset(r))
}

// At is list i as a view of the file, not to be written to, and valid until Close.
func (l *Lists) At(i int) []int32 {
	if l.touched.Add(1)%pagesAfter == 0 {
		l.a.forgetAll()
	}
	v, r := l.batches.find(i)
	return v.child.ints(v.offset(r), v.offset(r+1))
}

// Forget gives the pages back that were read. Whoever reads them again gets them from the file.
func (l *Lists) Forget() { l.a.forgetAll() }

// Close unmaps the file.
func (l *Lists) Close() error {
	if l.a == nil {
		return nil
	}
	data := l.a.data
	l.a = nil
	return unmap(data)
}
