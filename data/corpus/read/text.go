package read

import (
	"bytes"
	"io"
	"iter"

	"slm/data/corpus/doc"
)

// text is plain text: one document, or several when the file is longer than a block.
var text = Format{Ends: []string{".txt", ".text", ""}, Read: func(in *Input) iter.Seq2[doc.Document, error] { return in.blocks(false) }}

// blocks reads a file line by line and gives it out in documents of at most a block's bytes, cut in front of a first-level heading, else at a
// blank line, where there is one.
func (in *Input) blocks(markdown bool) iter.Seq2[doc.Document, error] {
	return func(yield func(doc.Document, error) bool) {
		var held []byte
		start, blank, head := in.line, 0, 0 // blank: end of the last blank line held; head: start of the last first-level heading
		flush := func(end int) bool {
			more := true
			if len(bytes.TrimSpace(held[:end])) > 0 {
				more = yield(doc.Document{Title: in.title(), Source: in.label, Line: start, Text: string(held[:end]), Markdown: markdown}, nil)
			}
			start += bytes.Count(held[:end], []byte{'\n'})
			held, blank, head = append(held[:0], held[end:]...), 0, 0
			return more
		}
		for {
			line, err := in.next()
			if err == io.EOF {
				flush(len(held))
				return
			}
			if err != nil {
				yield(doc.Document{}, err)
				return
			}
			if len(held)+len(line) > in.most {
				end := len(held)
				if head > 0 {
					end = head
				} else if blank > 0 {
					end = blank
				}
				if !flush(end) {
					return
				}
			}
			if bytes.HasPrefix(line, []byte("# ")) {
				head = len(held)
			}
			held = append(held, line...)
			if len(bytes.TrimSpace(line)) == 0 {
				blank = len(held)
			}
		}
	}
}
