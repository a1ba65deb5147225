package main

import (
	"fmt"
	"iter"
	"path/filepath"

	"slm/data/corpus"
	"slm/stages"
	"slm/stages/prep"
)

// shownDrop is what was left out, as JSON.
type shownDrop struct {
	Title  string `json:"title"`
	Why    string `json:"why"`
	Of     string `json:"of,omitempty"`
	Source string `json:"source"`
	Chars  int64  `json:"chars"`
	Begins string `json:"begins"`
}

var shownDropped = shownKind{
	name: "dropped", stage: stages.Data, what: "what was read and is in no section: copies, markup, navigation, with the reason",
	rows: func(dir string) iter.Seq2[shownRow, error] {
		return shownTable(filepath.Join(dir, prep.DroppedFile), func(d corpus.Drop) shownRow {
			why := d.Why
			if d.Of != "" {
				why += " of " + d.Of
			}
			return shownRow{shownDrop{d.Title, d.Why, d.Of, d.Source, d.Chars, d.Begins}, fmt.Sprintf("%s | %s | %s | %d characters", why, d.Title, d.Source, d.Chars), d.Begins}
		})
	},
}
