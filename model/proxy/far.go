package proxy

import (
	"context"
	"fmt"
	"slices"
)

// Far is a large model that is elsewhere and shows its likeliest next tokens.
type Far interface {
	// Show tells of the token behind each text's prompt or, where something follows the prompt, of each token of that: [texts][places].
	Show(ctx context.Context, texts []Text) ([][]Shown, error)
}

// Text is a prompt, and tokens that follow it; none = the next one is wanted.
type Text struct{ Prompt, Along []int32 }

// NewFar is New with a large model that is elsewhere. That its tokens are those of the two others is for the caller to find out.
func NewFar(m Far, plus, minus Model) (*Proxy, error) {
	p, err := New(minus, plus, minus)
	if err != nil {
		return nil, err
	}
	p.models[base], p.far = nil, m
	return p, nil
}

// seen is what is known of one next token: what a far model shows in place of its logits; nil = it is not far.
type seen struct {
	step
	shown *Shown
}

// combine is that of step.
func (s seen) combine(out []float64, by Setting) (best int32) {
	if s.shown == nil {
		return s.step.combine(out, by)
	}
	s.shown.Combine(out, s.step[tuned], s.step[untuned], by.Alpha)
	return s.shown.Best(out, by.Tau)
}

// next is what is known of the token behind all that was read.
func (r *reading) next(ctx context.Context) (seen, error) {
	if r.p.far == nil {
		return seen{step: r.last}, nil
	}
	got, err := r.p.show(ctx, []Text{{Prompt: r.text}})
	if err != nil {
		return seen{}, err
	}
	return seen{r.last, &got[0][0]}, nil
}

// show asks the far model and checks that it tells of all places.
func (p *Proxy) show(ctx context.Context, texts []Text) ([][]Shown, error) {
	got, err := p.far.Show(ctx, texts)
	if err != nil {
		return nil, fmt.Errorf("proxy: %w", err)
	}
	if len(got) != len(texts) {
		return nil, fmt.Errorf("proxy: %d of %d texts were told of", len(got), len(texts))
	}
	for i, t := range texts {
		if len(got[i]) != max(1, len(t.Along)) {
			return nil, fmt.Errorf("proxy: %d places of a text of %d were told of", len(got[i]), max(1, len(t.Along)))
		}
	}
	return got, nil
}

// along is what a far model shows of each token of continuations of what was read.
func (r *reading) along(ctx context.Context, continuations [][]int32, out [][]seen) error {
	var texts []Text
	var of []int // continuations
	for i, c := range continuations {
		if len(c) > 0 {
			texts, of = append(texts, Text{slices.Clone(r.text), c}), append(of, i)
		}
	}
	if len(texts) == 0 {
		return nil
	}
	got, err := r.p.show(ctx, texts)
	if err != nil {
		return err
	}
	for j, i := range of {
		for k := range got[j] {
			out[i][k].shown = &got[j][k]
		}
	}
	return nil
}
