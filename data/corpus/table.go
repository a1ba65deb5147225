package corpus

import (
	"errors"
	"fmt"
	"iter"

	"slm/checkpoint"
)

// Write streams sections into an Arrow file with the columns id, title, number, heading, text and source, in constant memory.
func Write(path string, sections iter.Seq2[Section, error], meta map[string]string) error {
	w, err := checkpoint.NewTableWriter[Section](path, meta)
	if err != nil {
		return fmt.Errorf("corpus: %w", err)
	}
	for s, err := range sections {
		if err != nil {
			return errors.Join(err, w.Abort())
		}
		if err := w.Append(s); err != nil {
			return fmt.Errorf("corpus: %w", err)
		}
	}
	if err := w.Close(); err != nil {
		return fmt.Errorf("corpus: %w", err)
	}
	return nil
}

// Stream yields the sections of a file that Write has made, one at a time.
func Stream(path string) iter.Seq2[Section, error] { return tableRows[Section](path) }

// tableRows yields the rows of an Arrow file, one at a time.
func tableRows[T any](path string) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		t, err := checkpoint.OpenTable[T](path)
		if err != nil {
			var none T
			yield(none, fmt.Errorf("corpus: %w", err))
			return
		}
		defer func() { _ = t.Close() }() // mapped for reading
		for row := range t.All() {
			if !yield(row, nil) {
				return
			}
		}
	}
}
