package exam

import (
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
}

// Write writes items to an Arrow file with the columns id, section, question, choices, answer (int32), split, place and knowledge. Its
// metadata hold the items' digest.
func Write(path string, items []Item) error {
	rows := make([]row, len(items))
	for i, m := range items {
		rows[i] = row{m.ID, m.Section, m.Question, m.Choices, int32(m.Answer), m.Split, m.Place, m.Knowledge}
	}
	if err := checkpoint.WriteTable(path, rows, map[string]string{"digest": Digest(items)}); err != nil {
		return fmt.Errorf("exam: %w", err)
	}
	return nil
}

// Load reads items that Write has written, and checks each: what it returns can be asked and scored.
func Load(path string) ([]Item, error) {
	rows, meta, err := checkpoint.ReadTable[row](path)
	if err != nil {
		return nil, fmt.Errorf("exam: %w", err)
	}
	items := make([]Item, len(rows))
	for i, r := range rows {
		if r.Answer < 0 || int(r.Answer) >= len(r.Choices) || r.Question == "" {
			return nil, fmt.Errorf("exam: %s: item %d (%q): %w", path, i, r.ID, ErrFormat)
		}
		items[i] = Item{r.ID, r.Section, r.Question, r.Choices, int(r.Answer), r.Split, r.Place, r.Knowledge}
	}
	if got := Digest(items); meta["digest"] != got {
		return nil, fmt.Errorf("exam: %s: %w: its digest is %s, its metadata say %q", path, ErrFormat, got, meta["digest"])
	}
	return items, nil
}
