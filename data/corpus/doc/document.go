// Package doc holds what readers give and cutting takes: documents with their structure, on their way through the corpus.
package doc

import (
	"iter"
	"unicode"
)

// Document is one text with what its file says about it. Titles need not be unique yet.
type Document struct {
	Title    string
	Source   string  // the file, as Section.Source names it
	Blocks   []Block // in order; together they are the whole text
	Outlined bool    // the format knows headings, so numbers in a text with headings are lists
	Entitled bool    // the title is a heading or stands in the file's metadata: first-level headings are none of documents
	Page     bool    // it is a page of a folder: its first heading is its title, and the others are headings of its sections
	Own      string  // of a page: its title without those of product and folder
	Product  string  // of a page: what it is about, when the folder has pages about several products
	Folder   string  // of a page: the folder in which it lies, in words; empty when its name says nothing
	Record   bool    // it is a row of a table, not a file: one document, or with a number or heading one section of the document it names
	Number   string  // of a record
	Heading  string  // of a record
	Chars    int     // characters read: of the text as the file has it, decoded and not cleaned
	Named    int     // of these, characters that the title was read from, with their markup; Blocks do not hold them
}

// Kind says what a block is.
type Kind uint8

// The kinds of blocks.
const (
	Prose Kind = iota // line ends mean nothing, blank lines separate paragraphs
	Code              // every line and every space counts
	Table             // a row a line
	Head              // a heading
	Aside             // no text of the document: a comment, front matter, navigation
)

// Block is a piece of a document. It is verbatim, with its line ends, where the format is text.
type Block struct {
	Kind  Kind
	Level int    // of a heading, from 1
	Title string // of a heading: its text without markup, one line
	Why   string // of an aside: what it is
	Break bool   // of an aside: what stands before and behind it are two paragraphs
	Text  string
	// Decoded says that the text has no entities: an & is an &.
	Decoded bool
	// Entities says that code has them: &lt; is a <.
	Entities bool
	Line     int // of the source, on which it begins, from 1
}

// IsSection reports whether the document is a section already.
func (d Document) IsSection() bool { return d.Record && (d.Number != "" || d.Heading != "") }

// Line is where the document begins.
func (d Document) Line() int {
	if len(d.Blocks) == 0 {
		return 1
	}
	return d.Blocks[0].Line
}

// Plain makes a document of a text without structure.
func Plain(title, source, text string, line int) Document {
	return Document{Title: title, Source: source, Chars: Chars(text), Blocks: []Block{{Text: text, Line: line}}}
}

// Heads yields the headings of a level among the blocks, by their index.
func (d Document) Heads(level int) iter.Seq2[int, Block] {
	return func(yield func(int, Block) bool) {
		for i, b := range d.Blocks {
			if b.Kind == Head && b.Level == level && !yield(i, b) {
				return
			}
		}
	}
}

// Chars counts the characters of a text: its Unicode code points but white space, which carries no text.
func Chars(text string) int {
	n := 0
	for _, r := range text {
		if !unicode.IsSpace(r) {
			n++
		}
	}
	return n
}
