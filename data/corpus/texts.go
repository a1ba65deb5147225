package corpus

import (
	"fmt"
	"iter"
	"strconv"

	"slm/data/corpus/cut"
	"slm/data/corpus/read"
)

// Text is a document as it stands, uncut.
type Text struct {
	Title  string
	Source string // file:line where it begins, as Section.Source
	Text   string // clean, with its lines
}

// Texts returns the documents of files or globs in a fixed order, uncut and without a comparison among them. Those that hold no text are left out. field is
// that of Options. The error returned at once is about the paths; an error inside the sequence ends it.
func Texts(paths []string, field string) (iter.Seq2[Text, error], error) {
	docs, err := read.Files(paths, read.Options{Field: field})
	if err != nil {
		return nil, fmt.Errorf("corpus: %w", err)
	}
	return func(yield func(Text, error) bool) {
		for d, err := range docs {
			t := Text{Title: d.Title, Source: d.Source + ":" + strconv.Itoa(d.Line()), Text: cut.Whole(d)}
			if (err != nil || t.Text != "") && !yield(t, err) {
				return
			}
		}
	}, nil
}
