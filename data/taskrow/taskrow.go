// Package taskrow has the rows of a task besides questions about sections: a text, and what is to be made of it, such as its label. They come from a
// file of records, or are fragments of documents, each with the document's title for a label.
//
// It trains and scores nothing: see stages/task.
package taskrow

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"slm/data/corpus/read"
	"slm/data/exam"
	"slm/data/rouge"
	"slm/data/rows"
	"slm/rng"
)

// ErrFormat says that a file of rows breaks its format; the message names every line that does.
var ErrFormat = errors.New("bad row")

// Row is a text and what is to be made of it.
type Row struct {
	ID     string // file:line; of a fragment TITLE/SPLIT/NUMBER
	Text   string
	Target string // the label, or the text to be written; "" = none of the labels
	Split  string // exam.Train, Dev or Test
}

// Fields says which fields of a file hold what, where their names are not those that Read knows. What is empty keeps the known names.
type Fields struct {
	Text   string `yaml:"text" unset:"text" doc:"the text"`
	Target string `yaml:"target" unset:"label or summary" doc:"what is to be made of it: its summary, or its label, which is text, a number, true or false. A row whose label is empty or null belongs to none of the labels: it is for dev or test; one without a summary is an error"`
	Split  string `yaml:"split" unset:"split" doc:"train, dev or test"`
}

// known are the names of fields that files are found with. Of several in one row the first counts.
var known = struct{ text, target []string }{
	text:   []string{"text", "sentence", "input", "instruction", "document", "abstract"},
	target: []string{"label", "class", "category", "target", "summary", "conclusion", "output"},
}

// Split is the shares of the rows that are held out where the file does not say.
type Split struct {
	Dev  float64 `yaml:"dev" min:"0" max:"1" doc:"share for choices: how sure is sure enough"`
	Test float64 `yaml:"test" above:"0" max:"1" doc:"share that is never trained and only counted"`
}

// From says how a file of rows is read.
type From struct {
	Fields *Fields // nil: the known names
	Split  Split
	Seed   uint64 // of the splits that the file does not name
	Last   int    // rows have a text with its summary, of a .txt file so many sentences at its end; 0 = they have labels
}

var format = rows.Format{Most: 4 << 20, Kind: ErrFormat, Noun: "row"}

// Read reads rows from files of records (rows.Format). Where a row names no split, a hash of its words and the seed chooses one. Rows with the same
// words are in one split, or the second is refused.
func Read(paths []string, from From) ([]Row, error) {
	b := builder{From: from, split: map[string]string{}}
	var wrong []error
	for _, path := range paths {
		b.file = filepath.Base(path)
		from := func(path string) error { return format.Read(path, b.add) }
		if b.Last > 0 && isText(path) {
			from = b.texts
		}
		switch err := from(path); {
		case errors.Is(err, ErrFormat):
			wrong = append(wrong, fmt.Errorf("taskrow: %w", err))
		case err != nil:
			wrong = append(wrong, fmt.Errorf("taskrow: %w: %w", read.ErrUnreadable, err))
		}
	}
	return b.out, errors.Join(wrong...)
}

// builder makes rows of records.
type builder struct {
	From
	file  string // without its folder: what is made from rows must not depend on that
	split map[string]string
	out   []Row
}

func (b *builder) add(row rows.Row) error {
	var f Fields
	if b.Fields != nil {
		f = *b.Fields
	}
	f.Text, f.Target = cmp.Or(f.Text, row.First(known.text...)), cmp.Or(f.Target, row.First(known.target...))
	switch {
	case f.Text == "" || !row.Has(f.Text):
		return fmt.Errorf("no field holds the text (found: %s); say which, by fields: {text: NAME}", strings.Join(row.Names, ", "))
	case f.Target == "" || !row.Has(f.Target):
		return fmt.Errorf("no field holds the label (found: %s); say which, by fields: {target: NAME}", strings.Join(row.Names, ", "))
	}
	text, wrong := row.Text(f.Text)
	target, err := targetOf(row, f.Target)
	split, splitErr := exam.SplitOf(row, cmp.Or(f.Split, "split"))
	if err := rows.Reasons(wrong, err, splitErr); err != nil {
		return err
	}
	words := strings.Join(rouge.Words(text), " ")
	switch {
	case words == "":
		return fmt.Errorf("field %q has no word", f.Text)
	case b.Last > 0 && target == "":
		return fmt.Errorf("field %q is empty: a text without a summary says nothing", f.Target)
	}
	if split == "" {
		split = b.drawn(words)
	}
	if target == "" && split == exam.Train {
		if row.Has(cmp.Or(f.Split, "split")) {
			return fmt.Errorf("field %q is empty, which stands for none of the labels: such a row is for dev or test", f.Target)
		}
		split = exam.Dev // of none there is nothing to learn
	}
	return b.keep(words, Row{ID: fmt.Sprintf("%s:%d", b.file, row.Line), Text: strings.TrimSpace(text), Target: target, Split: split})
}

// keep adds a row.
func (b *builder) keep(words string, r Row) error {
	if before, twice := b.split[words]; twice && before != r.Split {
		return fmt.Errorf("the same words stand in %s and in %s", before, r.Split)
	}
	b.split[words] = r.Split
	b.out = append(b.out, r)
	return nil
}

// drawn is the split of a text for which the file names none.
func (b *builder) drawn(words string) string {
	switch x := rng.New(b.Seed, "task", "split", words).Float64(); {
	case x < b.Split.Test:
		return exam.Test
	case x < b.Split.Test+b.Split.Dev:
		return exam.Dev
	}
	return exam.Train
}

// targetOf is a label as text.
func targetOf(row rows.Row, name string) (string, error) {
	switch v, _ := row.Value(name); v := v.(type) {
	case bool, fmt.Stringer:
		return fmt.Sprint(v), nil
	default:
		text, err := row.Text(name)
		return strings.Join(strings.Fields(text), " "), err
	}
}
