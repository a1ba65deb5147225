package cut

import (
	"slm/data/corpus/clean"
	"slm/data/corpus/doc"
)

// records are sections already: a row of a table that names its number or heading.
var records = kind{"records", func(d doc.Document, text string, _ Options) ([]Piece, bool) {
	body := clean.Fold(text)
	if !d.IsSection() || body == "" {
		return nil, d.IsSection()
	}
	return []Piece{{d.Number, clean.Fold(clean.Text(d.Heading)), body, d.Line}}, true
}}
