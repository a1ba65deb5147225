// Package cut makes sections of documents: each kind of text is cut in its own way, by the first kind that knows it.
//
// Split comes before: it makes several documents of a file that holds several.
package cut

import (
	"slm/data/corpus/clean"
	"slm/data/corpus/doc"
)

// Piece is a section of a document.
type Piece struct {
	Number  string // as the document numbers it, else the running number from 1
	Heading string // empty when the document gives none
	Text    string // one line, clean
	Line    int    // of the source, on which it begins
}

// Options say how documents are cut.
type Options struct {
	Numbered bool // only documents with MinNumbered numbered sections or more are cut, and only these sections are kept
}

// kind is one way to cut.
type kind struct {
	name string
	// cut is given the document and its clean text. It returns false when the document is not of this kind.
	cut func(d doc.Document, text string, opt Options) ([]Piece, bool)
}

// kinds are asked in this order.
var kinds = []kind{records, numbered, headed, paragraphed}

// Document cuts a document and says as what: "records", "numbered", "headings" or "paragraphs". A document without text has no pieces.
func Document(d doc.Document, opt Options) ([]Piece, string) {
	text := clean.Text(d.Text)
	for _, k := range kinds {
		if pieces, ok := k.cut(d, text, opt); ok {
			return pieces, k.name
		}
	}
	return nil, ""
}
