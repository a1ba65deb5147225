package exam

import (
	"encoding/json"
	"fmt"

	"slm/checkpoint"
)

// row is an item as it stands in a table: the answer is an int32 there.
type row struct {
	ID        string   `arrow:"id"`
	Section   string   `arrow:"section"`
	Question  string   `arrow:"question"`
	Choices   []string `arrow:"choices"`
	Answer    int32    `arrow:"answer"`
	Split     string   `arrow:"split"`
	Place     string   `arrow:"place"`
	Knowledge string   `arrow:"knowledge"`
	Exam      string   `arrow:"exam,optional"`
	Sections  []string `arrow:"sections,optional"`
	Places    []string `arrow:"places,optional"`
	Answers   []string `arrow:"answers,optional"`
	Contains  []string `arrow:"contains,optional"`
	Reference string   `arrow:"reference,optional"`
	Focus     string   `arrow:"focus,optional"`
	Documents []string `arrow:"documents,optional"`
}

// Write writes items to an Arrow file with the columns id, section, question, choices, answer (int32, -1 without choices), split, place and
// knowledge, and those of the other fields that an item has. Its metadata hold the items' digest and, unless made is nil, how they came about.
func Write(path string, items []Item, made *Made) error {
	meta := map[string]string{"digest": Digest(items)}
	if made != nil {
		text, err := json.Marshal(made)
		if err != nil {
			return fmt.Errorf("exam: %w", err)
		}
		meta["made"] = string(text)
	}
	rows := make([]row, len(items))
	for i, m := range items {
		rows[i] = row{m.ID, m.Section, m.Question, m.Choices, int32(m.Answer), m.Split, m.Place, m.Knowledge, m.Exam, m.Sections, m.Places, m.Answers, m.Contains, m.Reference, m.Focus, m.Documents}
	}
	if err := checkpoint.WriteTable(path, rows, meta); err != nil {
		return fmt.Errorf("exam: %w", err)
	}
	return nil
}

// LoadMade says how the items of a file came about; nil where it does not say so.
func LoadMade(path string) (*Made, error) {
	_, meta, err := checkpoint.ReadTable[row](path)
	if err != nil || meta["made"] == "" {
		return nil, err
	}
	made := &Made{}
	if err := json.Unmarshal([]byte(meta["made"]), made); err != nil {
		return nil, fmt.Errorf("exam: %s: how it was made: %w", path, err)
	}
	return made, nil
}

// Load reads items that Write has written, and checks each: what it returns can be asked and scored.
func Load(path string) ([]Item, error) {
	rows, meta, err := checkpoint.ReadTable[row](path)
	if err != nil {
		return nil, fmt.Errorf("exam: %w", err)
	}
	items := make([]Item, len(rows))
	for i, r := range rows {
		item := Item{
			ID: r.ID, Section: r.Section, Question: r.Question, Choices: r.Choices, Answer: int(r.Answer), Split: r.Split, Place: r.Place, Knowledge: r.Knowledge,
			Exam: r.Exam, Sections: r.Sections, Places: r.Places, Answers: r.Answers, Contains: r.Contains, Reference: r.Reference, Focus: r.Focus, Documents: r.Documents,
		}
		chosen := r.Answer >= 0 && int(r.Answer) < len(r.Choices)
		if !chosen && (len(r.Choices) > 0 || r.Answer != -1) || r.Question == "" {
			return nil, fmt.Errorf("exam: %s: item %d (%q): %w", path, i, r.ID, ErrFormat)
		}
		items[i] = item
	}
	if got := Digest(items); meta["digest"] != got {
		return nil, fmt.Errorf("exam: %s: %w: its digest is %s, its metadata say %q", path, ErrFormat, got, meta["digest"])
	}
	return items, nil
}
