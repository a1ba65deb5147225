package main

import (
	"fmt"
	"io"

	"slm/data/corpus/read"
	"slm/internal/sanitize"
	"slm/internal/term"
	"slm/stages/prep"
)

// corpusFiles is what a corpus is read from.
type corpusFiles struct {
	Read read.Counts `json:"read"`
	Left read.Counts `json:"left,omitempty"` // of folders
}

// filesOf lists a corpus; nil for the texts in the program.
func filesOf(c prep.Corpus) (*corpusFiles, error) {
	list, err := c.List()
	if err != nil || len(list.Files) == 0 {
		return nil, err
	}
	return &corpusFiles{list.Kinds(), list.Reasons()}, nil
}

func (f *corpusFiles) show(w io.Writer, columns int) {
	if f == nil {
		return
	}
	line := func(name string, counts read.Counts) {
		if len(counts) > 0 {
			_, _ = fmt.Fprintf(w, "%-8s %s\n", name, term.Wrap(sanitize.Line(counts.String()), columns, 9))
		}
	}
	line("files", f.Read)
	line("left out", f.Left)
}
