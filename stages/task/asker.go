package task

import (
	"strings"

	"slm/data/form"
	"slm/stages/domain"
)

// asker puts texts as the small model reads them.
type asker struct {
	dom        *domain.Domain
	head, tail []int32 // of the question, around the text
	room       int     // of the text, tokens
	verbatim   bool    // the text alone, as it is
}

// newAsker leaves a text as much of the context as the question and what is kept for an answer do not take.
func newAsker(dom *domain.Domain, ask string, reserve, context int) *asker {
	before, after, _ := strings.Cut(form.Ask(ask), textField)
	a := &asker{dom: dom, head: dom.Tokenizer.Encode(strings.TrimRight(before, " ")), tail: dom.Tokenizer.Encode(after)}
	a.room = max(1, context-len(a.head)-len(a.tail)-reserve)
	return a
}

// newVerbatim has no question: the answer goes on where the text ends.
func newVerbatim(dom *domain.Domain, reserve, context int) *asker {
	return &asker{dom: dom, room: max(1, context-reserve), verbatim: true}
}

// prompt is the question about a text, whose end is cut off where there is no room for it; of one that is gone on with, the beginning.
func (a *asker) prompt(text string) []int32 {
	if a.verbatim {
		body := a.dom.Tokenizer.Encode(text)
		return append([]int32{}, body[max(0, len(body)-a.room):]...)
	}
	body := a.dom.Tokenizer.Encode(form.Continuation(strings.Join(strings.Fields(text), " ")))
	out := append([]int32{}, a.head...)
	return append(append(out, body[:min(len(body), a.room)]...), a.tail...)
}

// answer is what is said behind a prompt.
func (a *asker) answer(text string) []int32 {
	if a.verbatim {
		return append(a.dom.Tokenizer.Encode(text), a.dom.EOS)
	}
	return answer(a.dom, text)
}

// answer is what is said behind a prompt, with the mark that ends it.
func answer(dom *domain.Domain, text string) []int32 {
	return append(dom.Tokenizer.Encode(form.Continuation(text)), dom.EOS)
}
