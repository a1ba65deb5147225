package exam

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"slm/data/rows"
)

// known are the names of fields that files of questions are found with. Of several in one row the first counts.
var known = struct{ question, choices, answer []string }{
	question: []string{"question", "query", "prompt", "problem"},
	choices:  []string{"choices", "options", "endings"},
	answer:   []string{"answer_idx", "answer_index", "answer_key", "answerKey", "answer", "label", "gold"},
}

// fields is which fields of a row hold what. A row without a question, choices or an answer is refused with the names that it has.
func (b *builder) fields(row rows.Row) (Fields, error) {
	var f Fields
	if b.Fields != nil {
		f = *b.Fields
	}
	f.ID, f.Split, f.Knowledge = cmp.Or(f.ID, "id"), cmp.Or(f.Split, "split"), cmp.Or(f.Knowledge, "knowledge")
	var missing []string
	if name := row.First(known.question...); len(f.Question) == 0 && name != "" {
		f.Question = []string{name}
	}
	if len(f.Question) == 0 || row.First(f.Question...) == "" {
		missing = append(missing, "question")
	}
	if len(f.Choices) == 0 {
		f.Choices = choiceFields(row)
	}
	if len(f.Choices) == 0 || row.First(f.Choices...) == "" {
		missing = append(missing, "choices")
	}
	if f.Answer = cmp.Or(f.Answer, row.First(known.answer...)); !row.Has(f.Answer) {
		missing = append(missing, "answer")
	}
	if len(missing) > 0 {
		return f, fmt.Errorf("no field holds the %s (found: %s); say which, in the recipe by data.exam.fields: {%s: NAME}, for slm eval by --field %[3]s=NAME",
			strings.Join(missing, " or the "), strings.Join(row.Names, ", "), missing[0])
	}
	return f, nil
}

// ParseFields reads settings KEY=NAME; a key that may name several fields may be given again. It is nil of none.
func ParseFields(settings []string) (*Fields, error) {
	if len(settings) == 0 {
		return nil, nil
	}
	f := &Fields{}
	for _, s := range settings {
		key, name, ok := strings.Cut(s, "=")
		switch key {
		case "id":
			f.ID = name
		case "question":
			f.Question = append(f.Question, name)
		case "choices":
			f.Choices = append(f.Choices, name)
		case "answer":
			f.Answer = name
		case "knowledge":
			f.Knowledge = name
		default:
			ok = false
		}
		if !ok || name == "" {
			return nil, fmt.Errorf("%s: want KEY=NAME, where KEY is id, question, choices, answer or knowledge", s)
		}
	}
	return f, nil
}

// choiceFields are the fields with the options: one for all, or one for each.
func choiceFields(row rows.Row) []string {
	if name := row.First(known.choices...); name != "" {
		return []string{name}
	}
	for _, prefix := range []string{"", "option_", "choice_", "option", "choice"} {
		var names []string
		for c := 'A'; c <= 'Z' && row.Has(prefix+string(c)); c++ {
			names = append(names, prefix+string(c))
		}
		if len(names) > 1 {
			return names
		}
	}
	return nil
}

// mmlu names the columns of a table without a header, as MMLU's are: a question, the options, and the letter of the right one.
func mmlu(first []string) []string {
	options := len(first) - 2
	letter := strings.TrimSpace(first[len(first)-1])
	if options < 2 || options > 26 || len(letter) != 1 || letter[0] < 'A' || int(letter[0]-'A') >= options || slices.Contains(first, "A") && slices.Contains(first, "B") {
		return nil
	}
	names := []string{"question"}
	for i := range options {
		names = append(names, string(rune('A'+i)))
	}
	return append(names, "answer")
}
