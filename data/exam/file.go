package exam

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"slm/data/corpus/read"
	"slm/data/rows"
)

// ErrFormat says that a file of questions breaks its format; the message names every line that does.
var ErrFormat = errors.New("bad question")

// Fields says which fields of a file hold what, where their names are not those that Read knows. What is empty keeps the known names.
type Fields struct {
	ID        string   `yaml:"id" unset:"id" doc:"name of the question; default: its line"`
	Question  []string `yaml:"question" unset:"question" doc:"the question; several fields are joined with line breaks"`
	Choices   []string `yaml:"choices" unset:"choices" doc:"the options: one field with all of them, or one field for each"`
	Answer    string   `yaml:"answer" unset:"answer" doc:"the right option: its index from 0, or its letter"`
	Split     string   `yaml:"split" unset:"split" doc:"train, dev or test"`
	Knowledge string   `yaml:"knowledge" unset:"knowledge" doc:"the true text"`

	Places    string `yaml:"places" unset:"places, articles or citations; none in data.exam" identity:"changed" doc:"where the answer stands: objects with title, number or heading, or texts that cite a section (民法典第五十四条); any of them is right"`
	Focus     string `yaml:"focus" unset:"focus; none in data.exam" identity:"changed" doc:"title of the document that is asked about; its sections that hold the answer are the right places"`
	Answers   string `yaml:"answers" unset:"answers or aliases; none in data.exam" identity:"changed" doc:"accepted free answers"`
	Contains  string `yaml:"contains" unset:"contains; none in data.exam" identity:"changed" doc:"texts of which a right free answer contains one"`
	Reference string `yaml:"reference" unset:"reference; none in data.exam" identity:"changed" doc:"an answer in full, by somebody who knows"`
}

// From says how a file of questions is read.
type From struct {
	Fields   *Fields // nil: the known names
	AnySplit bool    // what the file says of splits is not looked at
	Named    bool    // places, focus, and free answers are read only where Fields names their fields
}

// format is that of a file of questions. A table may have no header and be laid out as MMLU is.
var format = rows.Format{Most: 1 << 20, Kind: ErrFormat, Noun: "question", Header: mmlu}

// Read reads questions from a file of records (rows.Format): a question, its choices, and the answer, which is the index of the right choice
// from 0, its letter, or its text; if the file has them an id, a split and the knowledge. An id that is missing is the line number; a split that is missing
// is dealt out by Assign.
//
// A question may have no choices. Then it says where the answer stands (places, or citing texts), or what it is (answers, texts that it contains, a
// reference, or answer as text). What the corpus has at the places that a row names, Locate finds.
//
// The choices are a list of texts, an object by letters, a list of labels beside one of texts (ARC), or fields A, B, C … of their own (MMLU).
func Read(path string, from From) ([]Item, error) {
	b := builder{From: from, file: path, ids: map[string]int{}}
	err := format.Read(path, b.add)
	return b.result(err)
}

// builder makes items of rows.
type builder struct {
	From
	file  string
	items []Item
	ids   map[string]int // id → line
}

func (b *builder) result(err error) ([]Item, error) {
	switch {
	case errors.Is(err, ErrFormat):
		return nil, fmt.Errorf("exam: %w", err)
	case err != nil:
		return nil, fmt.Errorf("exam: %w: %w", read.ErrUnreadable, err)
	}
	return b.items, nil
}

// add makes an item of a row. All that is wrong with the row is told.
func (b *builder) add(row rows.Row) error {
	f, err := b.fields(row)
	if err != nil {
		return err
	}
	var item Item
	var wrong []error
	note := func(err error) {
		if err != nil {
			wrong = append(wrong, err)
		}
	}
	item.Question, err = questionOf(row, f.Question)
	note(err)
	item.Knowledge, err = row.Text(f.Knowledge)
	note(err)
	if !b.AnySplit {
		item.Split, err = SplitOf(row, f.Split)
		note(err)
	}
	item.ID, err = b.idOf(row, f.ID)
	note(err)
	note(b.evidence(row, f, &item))
	note(freeAnswers(row, f, &item))
	if item.Answer = -1; len(f.Choices) > 0 {
		note(choose(row, f, &item))
	}
	if len(wrong) == 0 {
		b.ids[item.ID], b.items = row.Line, append(b.items, item)
	}
	return rows.Reasons(wrong...)
}

// choose reads the options and which of them is right.
func choose(row rows.Row, f Fields, item *Item) error {
	choices, labels, err := choicesOf(row, f.Choices)
	if err != nil {
		return err
	}
	item.Choices = choices
	item.Answer, err = answerOf(row, f.Answer, choices, labels)
	return rows.Reasons(err, apart(choices, item.Answer))
}

// freeAnswers reads what a free answer is compared with. Without choices, the answer itself is one.
func freeAnswers(row rows.Row, f Fields, item *Item) error {
	var wrong [4]error
	item.Answers, wrong[0] = listOf(row, f.Answers)
	item.Contains, wrong[1] = listOf(row, f.Contains)
	item.Reference, wrong[2] = row.Text(f.Reference)
	if len(f.Choices) == 0 && f.Answer != f.Answers {
		var own []string
		own, wrong[3] = listOf(row, f.Answer)
		item.Answers = append(own, item.Answers...)
	}
	return rows.Reasons(wrong[:]...)
}

// listOf reads a field that holds a text or a list of texts, each of which shows something.
func listOf(row rows.Row, name string) ([]string, error) {
	v, ok := row.Value(name)
	if !ok {
		return nil, nil
	}
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	var out []string
	for i, v := range list {
		var text string
		switch v := v.(type) {
		case string:
			text = v
		case rows.Cell:
			text = string(v)
		case json.Number:
			text = v.String()
		default:
			return nil, fmt.Errorf("field %q: entry %d is %s; it must be text", name, i, rows.Describe(v))
		}
		if rows.Blank(text) {
			return nil, fmt.Errorf("field %q: entry %d is empty", name, i)
		}
		out = append(out, text)
	}
	return out, nil
}

func questionOf(row rows.Row, names []string) (string, error) {
	var parts []string
	for _, name := range names {
		text, err := row.Text(name)
		if err != nil {
			return "", err
		}
		if !rows.Blank(text) {
			parts = append(parts, text)
		}
	}
	if len(parts) == 0 {
		return "", fmt.Errorf("field %q is empty", strings.Join(names, ", "))
	}
	return strings.Join(parts, "\n"), nil
}

// idOf is the row's own id, else its line. An id names one question.
func (b *builder) idOf(row rows.Row, name string) (string, error) {
	id := strconv.Itoa(row.Line)
	switch v, _ := row.Value(name); v := v.(type) {
	case nil:
	case string:
		id = cmp.Or(v, id)
	case rows.Cell:
		id = string(v)
	case json.Number:
		id = v.String()
	default:
		return "", fmt.Errorf("field %q is %s; it must be text or a number", name, rows.Describe(v))
	}
	if first := b.ids[id]; first > 0 {
		return "", fmt.Errorf("the id %q stands on line %d already", id, first)
	}
	return id, nil
}

// splits are the names that people give to the splits, without what stands between words.
var splits = map[string]string{
	"train": Train, "training": Train,
	"dev": Dev, "development": Dev, "validation": Dev, "valid": Dev, "val": Dev,
	"test": Test, "testing": Test, "eval": Test, "evaluation": Test, "heldout": Test, "holdout": Test,
}

// SplitOf is the split that a row names in a field, Train, Dev or Test, in the words that files have for them; "" = it names none.
func SplitOf(row rows.Row, name string) (string, error) {
	text, err := row.Text(name)
	if err != nil || rows.Blank(text) {
		return "", err
	}
	split := splits[strings.NewReplacer(" ", "", "-", "", "_", "").Replace(strings.ToLower(text))]
	if split == "" {
		return "", fmt.Errorf("field %q is %q; it must be %s, %s (validation) or %s (held-out)", name, text, Train, Dev, Test)
	}
	return split, nil
}
