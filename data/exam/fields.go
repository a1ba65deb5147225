package exam

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"slm/data/rows"
)

// known are the names of fields that files of questions are found with. Of several in one row the first counts.
var known = struct{ question, choices, answer, places, focus, answers, contains, reference []string }{
	question: []string{"question", "query", "prompt", "problem"},
	choices:  []string{"choices", "options", "endings"},
	answer:   []string{"answer_idx", "answer_index", "answer_key", "answerKey", "answer", "label", "gold"},

	places:    []string{"places", "articles", "citations"},
	focus:     []string{"focus"},
	answers:   []string{"answers", "aliases"},
	contains:  []string{"contains"},
	reference: []string{"reference"},
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
	if !b.Named {
		f.Places, f.Focus = cmp.Or(f.Places, row.First(known.places...)), cmp.Or(f.Focus, row.First(known.focus...))
		f.Answers, f.Contains = cmp.Or(f.Answers, row.First(known.answers...)), cmp.Or(f.Contains, row.First(known.contains...))
		f.Reference = cmp.Or(f.Reference, row.First(known.reference...))
	}
	f.Answer = cmp.Or(f.Answer, row.First(known.answer...))
	if len(f.Choices) == 0 || row.First(f.Choices...) == "" {
		if f.Choices = nil; !f.free(row) {
			missing = append(missing, "choices")
		}
	}
	if len(f.Choices) > 0 && !row.Has(f.Answer) || len(missing) > 0 && f.Answer == "" {
		missing = append(missing, "answer")
	}
	if len(missing) > 0 {
		return f, fmt.Errorf("no field holds the %s (found: %s); say which, in the recipe by data.exam.fields: {%s: NAME}, for slm eval by --field %[3]s=NAME",
			strings.Join(missing, " or the "), strings.Join(row.Names, ", "), missing[0])
	}
	return f, nil
}

// free reports whether a row can be scored without choices: it says where the answer stands, or what it is in words. The letter or number of an
// option is no answer in words: such a row has lost its choices.
func (f Fields) free(row rows.Row) bool {
	for _, name := range []string{f.Places, f.Answers, f.Contains, f.Reference} {
		if _, ok := row.Value(name); ok {
			return true
		}
	}
	text, err := row.Text(f.Answer)
	text = strings.Trim(text, "(). ")
	return err == nil && len(text) > 1
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
		case "places":
			f.Places = name
		case "focus":
			f.Focus = name
		case "answers":
			f.Answers = name
		case "contains":
			f.Contains = name
		case "reference":
			f.Reference = name
		default:
			ok = false
		}
		if !ok || name == "" {
			return nil, fmt.Errorf("%s: want KEY=NAME, where KEY is id, question, choices, answer, knowledge, places, focus, answers, contains or reference", s)
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
