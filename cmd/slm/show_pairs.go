package main

import (
	"fmt"
	"iter"
	"path/filepath"
	"strings"

	"slm/stages"
	"slm/stages/kit"
)

// shownPair is a pair as JSON.
type shownPair struct {
	ID       string `json:"id"`
	Section  string `json:"section"`
	Kind     string `json:"kind"`
	Question string `json:"question"`
	Place    string `json:"place"`
	Text     string `json:"text"`
	Answer   string `json:"answer,omitempty"`
	Kept     bool   `json:"kept"`
	Why      string `json:"why"`
	Source   string `json:"source"`
}

var shownPairs = shownKind{
	name: "pairs", stage: stages.KIT, what: "the questions that the small model is tuned on, and why each was kept or not",
	rows: func(dir string) iter.Seq2[shownRow, error] {
		return shownTable(filepath.Join(dir, kit.PairsFile), func(p kit.PairRow) shownRow {
			kept := "left out"
			if p.Kept {
				kept = "kept"
			}
			if p.Why != "" {
				kept += ": " + p.Why
			}
			body := p.Question + "\n" + strings.Join(strings.Fields(p.Place), " ") + "\n"
			if p.Answer != "" {
				body += "* " + p.Answer + "\n"
			}
			return shownRow{shownPair{p.ID, p.Section, p.Kind, p.Question, p.Place, p.Text, p.Answer, p.Kept, p.Why, p.Source}, fmt.Sprintf("%s | %s | %s", p.ID, p.Kind, kept), body + p.Text}
		})
	},
}
