package main

import (
	"fmt"
	"iter"
	"path/filepath"

	"slm/data/corpus"
	"slm/stages"
	"slm/stages/domain"
)

// shownSection is a section as JSON.
type shownSection struct {
	ID      string `json:"id"`
	Title   string `json:"title"`
	Number  string `json:"number"`
	Heading string `json:"heading"`
	Source  string `json:"source"`
	Text    string `json:"text"`
}

var shownSections = shownKind{
	name: "sections", stage: stages.Data, what: "the texts that are learned and quoted, with their titles and headings",
	rows: func(dir string) iter.Seq2[shownRow, error] {
		return shownTable(filepath.Join(dir, domain.SectionsFile), func(s corpus.Section) shownRow {
			head := fmt.Sprintf("%s | %s | %s", s.Title, s.Number, s.Source)
			if s.Heading != "" {
				head = fmt.Sprintf("%s | %s | %s | %s", s.Title, s.Number, s.Heading, s.Source)
			}
			return shownRow{shownSection{s.ID, s.Title, s.Number, s.Heading, s.Source, s.Text}, head, s.Text}
		})
	},
}
