package pairs

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"slm/data/form"
	"slm/data/rows"
)

// exchange is a question with its answer.
type exchange struct {
	question, knowledge string
	from                [2]string // what holds them, for messages
}

// layouts are the fields that files of pairs are found with. more is a text that belongs to the question, where there is one.
var layouts = []struct{ question, more, knowledge string }{
	{"instruction", "input", "output"},
	{"instruction", "context", "response"},
	{"prompt", "", "completion"},
	{"prompt", "", "response"},
	{"prompt", "", "chosen"}, // of preferences: what was rejected is no knowledge
	{"question", "", "answer"},
	{"question", "", "response"},
	{"query", "", "response"},
	{"query", "", "answer"},
	{"input", "", "output"},
}

// exchanges reads a row's question and knowledge, or those of its conversation, from the fields that hold them.
func (b *builder) exchanges(row rows.Row) ([]exchange, error) {
	if b.Fields != nil && (len(b.Fields.Question) > 0 || b.Fields.Knowledge != "") {
		question, knowledge := b.Fields.Question, cmp.Or(b.Fields.Knowledge, "knowledge")
		if len(question) == 0 {
			question = []string{"question"}
		}
		if row.First(question...) == "" || !row.Has(knowledge) {
			return nil, unknown(row, append(slices.Clone(question), knowledge)...)
		}
		return pairOf(row, question, knowledge)
	}
	if row.Has("question") && row.Has("knowledge") {
		return pairOf(row, []string{"question"}, "knowledge")
	}
	for _, name := range []string{"messages", "conversations", "conversation"} {
		if v, ok := row.Value(name); ok {
			return conversation(name, v)
		}
	}
	if v, ok := row.Value("instances"); ok && row.Has("instruction") {
		return instances(row, v)
	}
	for _, l := range layouts {
		if !row.Has(l.question) || !row.Has(l.knowledge) {
			continue
		}
		if prompt, ok := list(row, l.question); ok {
			reply, ok := list(row, l.knowledge)
			if !ok {
				v, _ := row.Value(l.knowledge)
				return nil, fmt.Errorf("field %q is %s; beside %q it must be a list of messages", l.knowledge, rows.Describe(v), l.question)
			}
			return conversation(l.question+" and "+l.knowledge, slices.Concat(prompt, reply))
		}
		question := []string{l.question}
		if l.more != "" {
			question = append(question, l.more)
		}
		return pairOf(row, question, l.knowledge)
	}
	return nil, unknown(row)
}

func list(row rows.Row, name string) ([]any, bool) {
	v, _ := row.Value(name)
	l, ok := v.([]any)
	return l, ok
}

// unknown refuses a row of which it is not known what is the question and what the knowledge.
func unknown(row rows.Row, named ...string) error {
	looked := ""
	if len(named) > 0 {
		looked = "looked for: " + strings.Join(named, ", ") + "; "
	}
	return fmt.Errorf("no fields hold a question and its knowledge (%sfound: %s); say which, in the recipe by stages.kit.pairs.fields: {question: NAME, knowledge: NAME}",
		looked, strings.Join(row.Names, ", "))
}

func pairOf(row rows.Row, question []string, knowledge string) ([]exchange, error) {
	x := exchange{from: [2]string{fmt.Sprintf("field %q", question[0]), fmt.Sprintf("field %q", knowledge)}}
	var parts []string
	for i, name := range question {
		text, err := row.Text(name)
		if err != nil {
			return nil, err
		}
		if i == 0 || !rows.Blank(text) {
			parts = append(parts, strings.TrimSpace(text))
		}
	}
	x.question = strings.Join(parts, "\n")
	var err error
	x.knowledge, err = row.Text(knowledge)
	return []exchange{x}, err
}

// fits says whether a place is one that the template of places can give.
func fits(template, place string) bool {
	const value = `[^\s` + form.Marks + `](?:[^\n` + form.Marks + `]*[^\s` + form.Marks + `])?`
	pattern := regexp.MustCompile(`\\\{(?:title|number|heading)\\\}`).ReplaceAllLiteralString(regexp.QuoteMeta(template), value)
	ok, err := regexp.MatchString(`\A`+pattern+`\z`, place)
	return ok && err == nil
}
