package corpus

import (
	"fmt"
	"iter"

	"slm/checkpoint"
)

// Store is a corpus that has been cut into sections, in any order of access. It is safe for concurrent use.
type Store interface {
	Len() int
	At(i int) Section
	All() iter.Seq2[int, Section]
}

// Slice is a Store in memory.
type Slice []Section

// Len is the number of sections.
func (s Slice) Len() int { return len(s) }

// At is section i.
func (s Slice) At(i int) Section { return s[i] }

// All yields the sections with their indices.
func (s Slice) All() iter.Seq2[int, Section] {
	return func(yield func(int, Section) bool) {
		for i := range s {
			if !yield(i, s[i]) {
				return
			}
		}
	}
}

// File is a Store over a file that Write has made. It is mapped: of a corpus of any size, a few tens of megabytes are resident.
type File struct{ table *checkpoint.Table[Section] }

// Open maps a file that Write has made.
func Open(path string) (*File, error) {
	t, err := checkpoint.OpenTable[Section](path)
	if err != nil {
		return nil, fmt.Errorf("corpus: %w", err)
	}
	return &File{t}, nil
}

// Len is the number of sections.
func (f *File) Len() int { return f.table.Rows }

// At is section i.
func (f *File) At(i int) Section { return f.table.At(i) }

// All yields the sections with their indices.
func (f *File) All() iter.Seq2[int, Section] {
	return func(yield func(int, Section) bool) {
		i := 0
		for s := range f.table.All() {
			if !yield(i, s) {
				return
			}
			i++
		}
	}
}

// Close unmaps the file. Sections that were read stay valid.
func (f *File) Close() error { return f.table.Close() }

var (
	_ Store = Slice(nil)
	_ Store = (*File)(nil)
)
