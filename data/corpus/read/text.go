package read

import (
	"bytes"
	"io"
	"iter"

	"slm/data/corpus/doc"
)

// plainText is one document, or several when the file is longer than a block.
var plainText = Format{Name: "text", Ends: []string{".txt", ".text", ""}, Read: func(in *Input) iter.Seq2[doc.Document, error] {
	return func(yield func(doc.Document, error) bool) {
		for b, err := range in.blocks() {
			if !yield(doc.Plain(in.title(), in.label, b.Text, b.Line), err) {
				return
			}
		}
	}
}}

// blocks reads a file line by line and gives it out in pieces of at most a block's bytes, cut in front of a first-level heading, else at a
// blank line, where there is one.
func (in *Input) blocks() iter.Seq2[doc.Block, error] {
	return func(yield func(doc.Block, error) bool) {
		var held []byte
		start, blank, head := in.line, 0, 0 // blank: end of the last blank line held; head: start of the last first-level heading
		flush := func(end int) bool {
			more := true
			if len(bytes.TrimSpace(held[:end])) > 0 {
				more = yield(doc.Block{Text: string(held[:end]), Line: start}, nil)
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
				yield(doc.Block{}, err)
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
