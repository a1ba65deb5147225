package read

import (
	"iter"

	"slm/data/corpus/doc"
)

// markdown is CommonMark with tables and front matter.
var markdown = Format{Name: "Markdown", Ends: []string{".md", ".markdown"}, Read: func(in *Input) iter.Seq2[doc.Document, error] {
	return func(yield func(doc.Document, error) bool) {
		title := in.title()
		for block, err := range in.blocks() {
			if err != nil {
				yield(doc.Document{}, err)
				return
			}
			d := parseMarkdown(block, title, in.label)
			if title = d.Title; !yield(d, nil) {
				return
			}
		}
	}
}}
