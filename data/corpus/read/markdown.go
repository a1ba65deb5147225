package read

import (
	"iter"

	"slm/data/corpus/doc"
)

// markdown is read as text is, and cut at its headings.
var markdown = Format{Ends: []string{".md", ".markdown"}, Read: func(in *Input) iter.Seq2[doc.Document, error] { return in.blocks(true) }}
