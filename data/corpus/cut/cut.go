// Package cut makes sections of documents: each kind of text is cut in its own way, by the first kind that knows it.
//
// Split comes before: it makes several documents of a file that holds several.
package cut

import (
	"fmt"

	"slm/data/corpus/doc"
)

// Piece is a section of a document.
type Piece struct {
	Number  string // as the document numbers it, else the running number from 1
	Heading string // empty when the document gives none
	Text    string // clean: prose in one line, code and tables in lines of their own
	Line    int    // of the source, on which it begins
	Named   int    // characters of the source that number and heading were read from, with their markup; Text does not hold them
}

// Result is what became of a document.
type Result struct {
	Kind   string // how it was cut: "records", "numbered", "headings", "labelled", "paragraphs"; empty when nothing of it is kept
	Pieces []Piece
	Drops  []Drop // every part of it that is in no piece, but for what its title is made of
	Why    string // nothing is kept
	// Renamed counts the pieces whose heading stands in the document before, and which are told apart by a number.
	Renamed int
}

// Options say how documents are cut.
type Options struct {
	Longest  int  // bytes of a section below a heading; longer ones are cut into parts, and short ones are joined. 0 leaves all as they are
	Numbered bool // only documents with MinNumbered numbered sections or more are cut, and only these sections are kept
}

// kind is one way to cut.
type kind struct {
	name string
	// cut returns false when the document is not of this kind. What it leaves out it drops.
	cut func(p *page, d doc.Document, opt Options) ([]Piece, bool)
}

// kinds are asked in this order.
var kinds = []kind{records, numbered, headed, labelled, paged, paragraphed}

// Document cuts a document. Of one without a piece the drops hold the whole.
func Document(d doc.Document, opt Options) Result {
	p := newPage(d)
	for _, k := range kinds {
		before := len(p.drops)
		pieces, ok := k.cut(p, d, opt)
		if !ok {
			p.drops = p.drops[:before]
			continue
		}
		if len(pieces) > 0 {
			return Result{Kind: k.name, Pieces: pieces, Drops: p.drops, Renamed: p.renamed}
		}
		p.drops = p.drops[:before]
		break
	}
	why := without(opt)
	p.drop(why, 0, len(p.text))
	return Result{Drops: p.drops, Why: why}
}

// without says why a document has no section.
func without(opt Options) string {
	if opt.Numbered {
		return fmt.Sprintf("fewer than %d numbered sections", MinNumbered)
	}
	return "no text"
}
