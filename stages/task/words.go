package task

import (
	"context"
	"strings"

	"slm/data/form"
	"slm/model/decode"
	"slm/stages/domain"
)

// words puts texts and labels as the small model reads and says them.
type words struct {
	dom        *domain.Domain
	head, tail []int32 // of the question, around the text
	labels     []string
	room       int // of the text, tokens
}

// newWords leaves a text as much of the context as the question and the longest label do not take.
func newWords(dom *domain.Domain, ask string, labels []string, context int) *words {
	before, after, _ := strings.Cut(form.Ask(ask), textField)
	w := &words{dom: dom, head: dom.Tokenizer.Encode(strings.TrimRight(before, " ")), tail: dom.Tokenizer.Encode(after), labels: labels}
	longest := 0
	for _, l := range labels {
		longest = max(longest, len(w.answer(l)))
	}
	w.room = max(1, context-len(w.head)-len(w.tail)-longest)
	return w
}

// prompt is the question about a text, whose end is cut off where there is no room for it.
func (w *words) prompt(text string) []int32 {
	body := w.dom.Tokenizer.Encode(form.Continuation(strings.Join(strings.Fields(text), " ")))
	out := append([]int32{}, w.head...)
	return append(append(out, body[:min(len(body), w.room)]...), w.tail...)
}

// answer is a label behind a prompt, with the mark that ends it.
func (w *words) answer(label string) []int32 {
	return append(w.dom.Tokenizer.Encode(form.Continuation(label)), w.dom.EOS)
}

// reader gives texts labels.
type reader struct {
	*words
	model *decode.Decoder
	among *decode.Choices
}

func newReader(model *decode.Decoder, w *words) *reader {
	all := make([][]int32, len(w.labels))
	for i, l := range w.labels {
		all[i] = w.answer(l)
	}
	return &reader{w, model, decode.NewChoices(all)}
}

// unlikely is the log-probability of a label that was not found. // nats
const unlikely = -69

// mostMargin is how much less likely than the best a label is looked for, only to say how far it is from that. // nats
const mostMargin = 6

// guess is a label with what is seen of it: more of each makes it more probable.
type guess struct {
	label int // -1 = none was found
	seen  []float64
}

// guess chooses the most likely label of each text.
func (r *reader) guess(ctx context.Context, texts []string) ([]guess, error) {
	reqs := make([]decode.ChoiceRequest, len(texts))
	for i, t := range texts {
		reqs[i] = decode.ChoiceRequest{Prompt: r.prompt(t), Among: r.among, Most: 2, Slack: mostMargin}
	}
	chosen, err := r.model.Choose(ctx, reqs)
	if err != nil {
		return nil, err
	}
	out := make([]guess, len(texts))
	for i, c := range chosen {
		if len(c.Best) == 0 {
			out[i] = guess{-1, []float64{unlikely, 0}}
			continue
		}
		next := c.Rest
		if len(c.Best) > 1 {
			next = c.Best[1].LogProb
		}
		out[i] = guess{c.Best[0].Index, []float64{c.Best[0].LogProb, max(0, min(mostMargin, c.Best[0].LogProb-next))}}
	}
	return out, nil
}
