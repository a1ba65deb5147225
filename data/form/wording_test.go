package form

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestWording_ZeroValueIsTheUsualOneToTheByte(t *testing.T) {
	for knowledge, want := range map[string]string{"": "Question: What?\nAnswer:", " Known.\n": "Known.\n\nQuestion: What?\nAnswer:"} {
		if got := (Wording{}).Cloze(knowledge, " What?\n"); got != want {
			t.Errorf("%q", got)
		}
	}
	if got, want := (Wording{}).Letters("k", "What?", []string{" a", "b "}), "k\n\nQuestion: What?\nA. a\nB. b\nReply with the letter of the right answer and nothing else.\nAnswer:"; got != want {
		t.Errorf("%q", got)
	}
	if got, want := (Wording{}).Free("k", "What?"), "k\n\nQuestion: What?\nAnswer in one or two sentences."; got != want {
		t.Errorf("%q", got)
	}
}

func TestWording_KnowledgeStandsBeforeOrAfterTheQuestion(t *testing.T) {
	w := Wording{Knowledge: "Source: {knowledge}", Question: "Q: {question}", Answer: "A:"}
	if got, want := w.Cloze("k", "What?"), "Source: k\n\nQ: What?\nA:"; got != want {
		t.Errorf("%q", got)
	}
	w.After = true
	if got, want := w.Cloze("k", "What?"), "Q: What?\nSource: k\n\nA:"; got != want {
		t.Errorf("%q", got)
	}
	if got, want := w.Cloze("", "What?"), "Q: What?\nA:"; got != want {
		t.Errorf("without knowledge: %q", got)
	}
	if got, want := (Wording{After: true}).Cloze("k", "What?"), "Question: What?\nk\n\nAnswer:"; got != want {
		t.Errorf("the usual one, after: %q", got)
	}
	// Braces in what is put in are not templates.
	if got, want := w.Cloze("{question}", "{knowledge}"), "Q: {knowledge}\nSource: {question}\n\nA:"; got != want {
		t.Errorf("%q", got)
	}
}

func TestWordings_AreManyDifferentAndSound(t *testing.T) {
	for name, texts := range map[string][]string{"english": {"What does section 3 say?", "法"}, "chinese": {"民法典第三条规定了什么？"}} {
		list := Wordings(texts)
		if len(list) < 31 || !list[0].Usual() {
			t.Fatalf("%s: %d wordings, the first %+v", name, len(list), list[0])
		}
		var seen []string
		for _, w := range list {
			if err := w.Validate(); err != nil {
				t.Error(err)
			}
			prompt := w.Cloze("KNOWN", "ASKED")
			if slices.Contains(seen, prompt) {
				t.Errorf("%s: twice %q", name, prompt)
			}
			seen = append(seen, prompt)
			if strings.Count(prompt, "KNOWN") != 1 || strings.Count(prompt, "ASKED") != 1 || strings.TrimSpace(prompt) != prompt || strings.ContainsAny(prompt, "{}\t") || w.Bare() == "" {
				t.Errorf("%s: %q", name, prompt)
			}
		}
	}
}

func TestWording_BadTemplatesAreRefused(t *testing.T) {
	for _, w := range []Wording{
		{Knowledge: "k", Question: "{question}"}, {Knowledge: "{knowledge}", Question: "q"}, {Knowledge: "{knowledge}", Question: "{question}", Answer: "{title}"},
		{Question: "{question}"}, {Answer: "Answer: "}, {Knowledge: "{knowledge}", Question: "{question", Answer: "A:"},
	} {
		if err := w.Validate(); !errors.Is(err, ErrTemplate) {
			t.Errorf("%+v: %v", w, err)
		}
	}
}
