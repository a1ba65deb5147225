package cut

import (
	"slm/data/corpus/clean"
	"slm/data/corpus/doc"
)

// records are sections already: a row of a table that names its number or heading.
var records = kind{"records", func(p *page, d doc.Document, _ Options) ([]Piece, bool) {
	body := p.fold(0, len(p.text))
	if !d.IsSection() || body == "" {
		return nil, d.IsSection()
	}
	return []Piece{{Number: d.Number, Heading: clean.Fold(clean.Text(d.Heading)), Text: body, Line: d.Line()}}, true
}}
