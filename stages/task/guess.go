package task

import (
	"context"

	"slm/model/decode"
)

// reader gives texts labels.
type reader struct {
	*asker
	model *decode.Decoder
	among *decode.Choices
}

func newReader(model *decode.Decoder, a *asker, labels []string) *reader {
	all := make([][]int32, len(labels))
	for i, l := range labels {
		all[i] = answer(a.dom, l)
	}
	return &reader{a, model, decode.NewChoices(all)}
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
