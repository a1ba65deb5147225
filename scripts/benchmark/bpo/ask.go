package bpo

import (
	"context"
	"math"

	"slm/data/exam"
	"slm/llm"
	"slm/stages/knowledge"
)

func (w *world) say(ctx context.Context, questions []string, soft []float32) ([]knowledge.Piece, error) {
	out := make([]knowledge.Piece, len(questions))
	var ask []string
	var at []int
	for i, q := range questions {
		p, ok := w.pieces[key(soft, q)]
		if out[i] = p; !ok {
			ask, at = append(ask, q), append(at, i)
		}
	}
	if len(ask) == 0 {
		return out, nil
	}
	pieces, err := w.speaker.Say(ctx, ask, soft)
	if err != nil {
		return nil, err
	}
	frames := make([]frame, len(ask))
	for k, p := range pieces {
		out[at[k]] = p
		frames[k] = frame{Key: key(soft, ask[k]), Piece: &p}
	}
	w.saidNow += len(ask)
	return out, w.store(frames...)
}

// named is the key of a question with its knowledge.
func (w *world) named(q llm.Question) string {
	return key(nil, append([]string{w.client.Info().Digest, q.Knowledge, q.Question}, q.Choices...)...)
}

// logShare is the logarithm of the right option's share of the likelihood, with the knowledge of a place.
func (w *world) logShare(place string, it exam.Item) float64 {
	c := w.choices[w.named(llm.Question{Knowledge: w.texts[place], Question: it.Question, Choices: it.Choices})]
	var sum float64
	for _, s := range c.Scores {
		sum += math.Exp(s - c.Scores[it.Answer])
	}
	return -math.Log(sum)
}

func (w *world) answer(ctx context.Context, qs []llm.Question) ([]llm.Choice, error) {
	out := make([]llm.Choice, len(qs))
	var ask []llm.Question
	var at []int
	for i, q := range qs {
		c, ok := w.choices[w.named(q)]
		if out[i] = c; !ok {
			ask, at = append(ask, q), append(at, i)
		}
	}
	if len(ask) == 0 {
		return out, nil
	}
	choices, err := llm.Answer(ctx, w.client, llm.Cloze, ask)
	if err != nil {
		return nil, err
	}
	frames := make([]frame, len(ask))
	for k, c := range choices {
		out[at[k]] = c
		frames[k] = frame{Key: w.named(ask[k]), Choice: &c}
	}
	w.askedNow += len(ask)
	return out, w.store(frames...)
}

// picks are the options that the black box picks with a prompt.
func (w *world) picks(ctx context.Context, soft []float32, items []exam.Item) ([]int, error) {
	questions := make([]string, len(items))
	for i, it := range items {
		questions[i] = it.Question
	}
	pieces, err := w.say(ctx, questions, soft)
	if err != nil {
		return nil, err
	}
	qs := make([]llm.Question, len(items))
	for i, it := range items {
		qs[i] = llm.Question{Knowledge: pieces[i].Text, Question: it.Question, Choices: it.Choices}
	}
	choices, err := w.answer(ctx, qs)
	if err != nil {
		return nil, err
	}
	out := make([]int, len(items))
	for i, c := range choices {
		out[i] = c.Index
	}
	return out, nil
}

// right is 1 for each item that the black box answers right with a prompt, else 0.
func (w *world) right(ctx context.Context, soft []float32, items []exam.Item) ([]float64, error) {
	picks, err := w.picks(ctx, soft, items)
	if err != nil {
		return nil, err
	}
	return rights(picks, items), nil
}

func rights(picks []int, items []exam.Item) []float64 {
	out := make([]float64, len(items))
	for i, p := range picks {
		if p == items[i].Answer {
			out[i] = 1
		}
	}
	return out
}
