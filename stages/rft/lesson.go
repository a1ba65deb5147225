package rft

import (
	"slm/data/exam"
	"slm/data/form"
	"slm/data/pack"
	"slm/rng"
	"slm/stages/domain"
)

// lesson makes the examples of an epoch.
type lesson struct {
	cfg     Config
	dom     *domain.Domain
	read    *domain.Reading
	seed    uint64
	context int
	items   []exam.Item
	won     map[string]SampleRow
}

// epoch is a pass: every winner once, and for each Replay sections in document form, of a long one a part. The loss of a winner is on the answer and its
// end mark only.
func (l *lesson) epoch(number int) (pack.Source, error) {
	var out pack.Examples
	for _, item := range l.items {
		if w, ok := l.won[item.ID]; ok {
			out = append(out, l.example(item, w.Place, w.Text))
		}
	}
	return l.read.WithReplay(out, l.cfg.Replay, rng.New(l.seed, "rft", "replay").At(uint64(number)))
}

// example is an answer to a question: in two steps the place alone, from which the text is recited as in the document.
func (l *lesson) example(item exam.Item, place, text string) pack.Example {
	if place != "" && !l.cfg.OneStep {
		text = ""
	}
	ex := pack.Encode(l.dom.Tokenizer, item.ID, form.Ask(item.Question), l.dom.Forms.Reply(place, text), l.dom.EOS, false)
	ex.Tokens = ex.Tokens[:min(len(ex.Tokens), l.context)]
	return ex
}

// heldOut are the development questions with their own places.
func (l *lesson) heldOut() pack.Examples {
	var out pack.Examples
	for _, item := range exam.Only(l.dom.Items, exam.Dev) {
		ex := l.example(item, item.Place, item.Knowledge)
		ex.ID = "held-out/" + item.ID
		out = append(out, ex)
	}
	return out
}
