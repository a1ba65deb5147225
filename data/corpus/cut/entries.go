package cut

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"slm/data/corpus/clean"
	"slm/data/corpus/doc"
)

// Entries are the form of reference works in plain text: blank lines between the entries, the first line of each its title, each line behind it
// a paragraph of its own.

const (
	fewestEntries = 5   // fewer are an ordinary text that happens to look so
	entryTitle    = 100 // characters of a title
	entryShare    = .95 // of the blocks must have the form
)

// isEntries reports whether a text without headings is a list of entries.
func isEntries(d doc.Document) bool {
	if d.Outlined || len(d.Blocks) != 1 || d.Blocks[0].Kind != doc.Prose {
		return false
	}
	text := d.Blocks[0].Text
	blocks := paragraphs(text)
	if len(blocks) < fewestEntries {
		return false
	}
	form := 0
	for _, at := range blocks {
		if isEntry(text[at[0]:at[1]]) {
			form++
		}
	}
	return float64(form) >= entryShare*float64(len(blocks))
}

// isEntry reports whether a block is a title on a line of its own and whole paragraphs below it, each on one line. Lines that are broken at a
// margin do not end in a sentence's end, each of them.
func isEntry(block string) bool {
	title, body, ok := strings.Cut(strings.TrimSpace(block), "\n")
	if title = strings.TrimSpace(title); !ok || utf8.RuneCountInString(title) > entryTitle || strings.ContainsRune(".!?;:,。！？；：，", clean.LastRune(title)) || strings.IndexFunc(title, unicode.IsLetter) < 0 {
		return false
	}
	for line := range strings.SplitSeq(body, "\n") {
		if line = strings.TrimSpace(line); !strings.ContainsRune(".!?:)]\"”»。！？：）」』", clean.LastRune(line)) || utf8.RuneCountInString(line) <= utf8.RuneCountInString(title)/2 {
			return false
		}
	}
	return true
}

// entries makes a record of each paragraph: the entry's title, and the paragraphs counted from 1. A block without the form of an entry
// has the file's title, and the numbers of such blocks go on.
func entries(d doc.Document) []doc.Document {
	var out []doc.Document
	block := d.Blocks[0]
	lines := doc.NewLines(block.Text, block.Line)
	others := 0
	for _, at := range paragraphs(block.Text) {
		text, start := block.Text[at[0]:at[1]], at[0]
		rec := d
		rec.Record, rec.Chars = true, 0
		n := &others
		if isEntry(text) {
			title, _, _ := strings.Cut(text, "\n")
			rec.Title, rec.Entitled, rec.Named = clean.Fold(clean.Text(title)), true, doc.Chars(title)
			start, text, n = start+len(title), text[len(title):], new(int)
		}
		for line := range strings.SplitAfterSeq(text, "\n") {
			if strings.TrimSpace(line) != "" {
				*n++
				rec.Number = strconv.Itoa(*n)
				rec.Blocks = []doc.Block{{Kind: block.Kind, Text: line, Decoded: block.Decoded, Line: lines.Of(start)}}
				out = append(out, rec)
				rec.Named = 0
			}
			start += len(line)
		}
	}
	return out
}
