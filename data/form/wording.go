package form

import (
	_ "embed"
	"fmt"
	"strings"
	"unicode"
)

// Wording is how a question is put to the black box. The zero value is the usual one.
type Wording struct {
	Knowledge string `json:"knowledge"` // with {knowledge}; left out where nothing is known
	Question  string `json:"question"`  // with {question}
	Answer    string `json:"answer"`    // what an option follows; may be empty where the question itself is followed
	After     bool   `json:"after"`     // the knowledge stands between the question and the answer
}

// usual is what the zero value stands for.
var usual = Wording{Knowledge: "{knowledge}", Question: "Question: {question}", Answer: "Answer:"}

// Usual says that the wording is the usual one, wherever the knowledge stands.
func (w Wording) Usual() bool { return w == Wording{After: w.After} }

// Validate checks the templates of a wording that is not the usual one.
func (w Wording) Validate() error {
	if w.Usual() {
		return nil
	}
	for _, t := range []struct{ template, field string }{{w.Knowledge, "knowledge"}, {w.Question, "question"}} {
		if err := check(t.template, []string{t.field}, []string{t.field}); err != nil {
			return fmt.Errorf("form: wording %q: %w", t.template, err)
		}
		if t.template == "" {
			return fmt.Errorf("form: wording: %w: no template for {%s}", ErrTemplate, t.field)
		}
	}
	if err := check(w.Answer, nil, nil); err != nil {
		return fmt.Errorf("form: wording %q: %w", w.Answer, err)
	}
	return nil
}

// Cloze renders a question as the black box's prompt that each option continues, with what is known about it, if anything. It ends without a
// space, and the options begin with one: see Join.
func (w Wording) Cloze(knowledge, question string) string {
	w = w.full()
	return strings.TrimRight(w.known(knowledge, question)+w.Answer, " \n")
}

// Bare is Cloze without knowledge and question: what the options are by themselves.
func (w Wording) Bare() string {
	if w = w.full(); w.Answer != "" {
		return w.Answer
	}
	return usual.Answer
}

// Letters renders a question with its options as the black box's prompt, which asks for a letter.
func (w Wording) Letters(knowledge, question string, options []string) string {
	w = w.full()
	var b strings.Builder
	b.WriteString(w.known(knowledge, question))
	for i, o := range options {
		fmt.Fprintf(&b, "%c. %s\n", 'A'+i, strings.TrimSpace(o))
	}
	b.WriteString("Reply with the letter of the right answer and nothing else.\n" + w.Bare())
	return b.String()
}

// Free renders a question as the black box's prompt, which asks for a reply in words.
func (w Wording) Free(knowledge, question string) string {
	return w.full().known(knowledge, question) + "Answer in one or two sentences."
}

// full spells the usual wording out.
func (w Wording) full() Wording {
	if w.Usual() {
		after := w.After
		w = usual
		w.After = after
	}
	return w
}

// known is what is known about a question, and the question.
func (w Wording) known(knowledge, question string) string {
	text := strings.Replace(w.Question, "{question}", strings.TrimSpace(question), 1) + "\n"
	k := strings.TrimSpace(knowledge)
	if k == "" {
		return text
	}
	k = strings.Replace(w.Knowledge, "{knowledge}", k, 1) + "\n\n"
	if w.After {
		return text + k
	}
	return k + text
}

var (
	//go:embed wordings.en.txt
	english string
	//go:embed wordings.zh.txt
	chinese string
)

// Wordings are ways to put questions in the language of some texts, Chinese or else English: the usual one first.
func Wordings(texts []string) []Wording {
	lines := english
	if InChinese(texts) {
		lines = chinese
	}
	out := []Wording{{}}
	for line := range strings.Lines(lines) {
		knowledge, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		question, answer, _ := strings.Cut(rest, "\t")
		out = append(out, Wording{Knowledge: knowledge, Question: question, Answer: answer})
	}
	return out
}

// InChinese reports whether most letters of some texts are Han characters.
func InChinese(texts []string) bool {
	han, letters := 0, 0
	for _, text := range texts {
		for _, r := range text {
			if unicode.IsLetter(r) {
				letters++
			}
			if unicode.Is(unicode.Han, r) {
				han++
			}
		}
	}
	return 2*han > letters
}
