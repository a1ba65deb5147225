package read

import (
	"iter"

	"slm/data/corpus/doc"
)

// markdown is CommonMark with tables and front matter, and the marks of site generators.
var markdown = Format{Name: "Markdown", Ends: []string{".md", ".markdown"}, Read: func(in *Input) iter.Seq2[doc.Document, error] { return in.markdown(false) }}

// mdx is Markdown with JSX: its imports, exports, tags and expressions are no text.
var mdx = Format{Name: "MDX", Ends: []string{".mdx"}, Read: func(in *Input) iter.Seq2[doc.Document, error] { return in.markdown(true) }}

func (in *Input) markdown(mdx bool) iter.Seq2[doc.Document, error] {
	return func(yield func(doc.Document, error) bool) {
		title := in.title()
		for block, err := range in.blocks() {
			if err != nil {
				yield(doc.Document{}, err)
				return
			}
			d := parseMarkdown(block, title, in.label, mdx)
			if title = d.Title; !yield(d, nil) {
				return
			}
		}
	}
}
