package systems

import (
	"context"
	"fmt"
	"slices"

	"slm/data/form"
	"slm/internal/elementary"
	"slm/llm"
	"slm/model/proxy"
	"slm/stages/delivery"
	"slm/stages/knowledge"
)

// drawn is what a black box that gives texts alone says to a question, for system proxy: several answers, of which the small models think more or less.
type drawn struct {
	logs   []float64 // of the options, or of the different texts: log-probabilities, by the black box or by how often it gives each
	texts  []reply   // the first is what the black box says alone; none of a question with options
	alone  int       // the option that it takes alone; -1 = none
	none   *llm.NoAnswer
	calls  int
	tokens int // prompts and replies,

	written int // and of them those of replies
}

// reply is a text that was drawn.
type reply struct {
	text  string
	cut   bool
	times int
}

// drawnHalf is what each option counts before any was taken: one that was never drawn is not impossible (Krichevsky and Trofimov).
const drawnHalf = 0.5

// draw asks the black box questions, each as often as there are samples: first what it says alone.
func (s *steered) draw(ctx context.Context, qs []Question) ([]drawn, error) {
	out := make([]drawn, len(qs))
	var choose, free []int
	for i, q := range qs {
		out[i].alone = -1
		if len(q.Choices) > 0 {
			choose = append(choose, i)
		} else if !s.r.Silent {
			free = append(free, i)
		}
	}
	if err := s.drawChoices(ctx, qs, choose, out); err != nil {
		return nil, fmt.Errorf("ask the black box: %w", err)
	}
	if err := s.drawTexts(ctx, qs, free, out); err != nil {
		return nil, fmt.Errorf("ask the black box: %w", err)
	}
	return out, nil
}

// sample is the client that gives the k-th sample.
func (s *steered) sample(k int) llm.Client {
	if k == 0 {
		return s.r.Box
	}
	return llm.Sampled(s.r.Box, s.r.Proxying.Temperature, int64(k))
}

// drawChoices asks for options. A black box that says how likely they are is asked once.
func (s *steered) drawChoices(ctx context.Context, qs []Question, at []int, out []drawn) error {
	if len(at) == 0 {
		return nil
	}
	asked := make([]llm.Question, len(at))
	for j, i := range at {
		asked[j] = delivery.Delivery{}.Question("", qs[i].Text, qs[i].Choices)
	}
	samples := s.r.Proxying.Samples
	if s.r.Style == llm.Cloze {
		samples = 1
	}
	for k := range samples {
		got, err := llm.Answer(llm.Hear(ctx, nil), s.sample(k), s.r.Style, asked)
		if err != nil {
			return err
		}
		for j, i := range at {
			d, c, n := &out[i], got[j], len(qs[i].Choices)
			d.calls, d.tokens, d.written = d.calls+c.Calls, d.tokens+c.Tokens, d.written+c.Written
			if k == 0 {
				if d.alone, d.none, d.logs = c.Index, c.None, slices.Clone(c.Scores); s.r.Style != llm.Cloze {
					d.logs = make([]float64, n)
				}
			}
			if s.r.Style != llm.Cloze && c.Index >= 0 {
				d.logs[c.Index]++
			}
		}
	}
	for _, i := range at {
		if s.r.Style == llm.Cloze {
			continue
		}
		total := 0.0
		for _, n := range out[i].logs {
			total += n
		}
		for o, n := range out[i].logs {
			out[i].logs[o] = elementary.Log((n + drawnHalf) / (total + float64(drawnHalf*float64(len(out[i].logs)))))
		}
	}
	return nil
}

// drawTexts asks for free replies.
func (s *steered) drawTexts(ctx context.Context, qs []Question, at []int, out []drawn) error {
	if len(at) == 0 {
		return nil
	}
	messages := make([]string, len(at))
	for j, i := range at {
		messages[j] = delivery.Delivery{}.Wording.Free("", qs[i].Text)
	}
	for k := range s.r.Proxying.Samples {
		got, err := llm.Write(llm.Hear(ctx, nil), s.sample(k), messages, s.r.replyTokens())
		if err != nil {
			return err
		}
		for j, i := range at {
			d, r := &out[i], got[j]
			d.calls, d.tokens, d.written = d.calls+r.Calls, d.tokens+r.PromptTokens+r.OutputTokens, d.written+r.OutputTokens
			if r.None != nil {
				if k == 0 {
					d.none = r.None
				}
				continue
			}
			if same := slices.IndexFunc(d.texts, func(x reply) bool { return x.text == r.Text }); same >= 0 {
				d.texts[same].times++
				continue
			}
			d.texts = append(d.texts, reply{r.Text, r.Cut, 1})
		}
	}
	for _, i := range at {
		total := 0
		for _, r := range out[i].texts {
			total += r.times
		}
		for _, r := range out[i].texts {
			out[i].logs = append(out[i].logs, elementary.Log(float64(r.times)/float64(total)))
		}
	}
	return nil
}

// favour is what tuning thinks of the options, or of the texts: log p⁺ − log p⁻, a token.
func (s *steered) favour(ctx context.Context, q Question, p knowledge.Piece, d drawn) ([]float64, error) {
	var prompts proxy.Prompts
	var answers [][]int32
	if len(q.Choices) > 0 {
		var err error
		if prompts, answers, err = s.prompts(q, p); err != nil {
			return nil, err
		}
	} else {
		prompts = s.lead(form.Ask(q.Text), p)
		room := max(1, s.room-max(len(prompts.Untuned), len(prompts.Tuned)))
		for _, r := range d.texts {
			tokens := s.tok.Encode(form.Continuation(r.text))
			answers = append(answers, tokens[:min(len(tokens), room)])
		}
	}
	return s.by.Rerank(ctx, prompts, answers, 1)
}

// best is the first of those whose log-probability, moved by alpha times what tuning thinks, is highest.
func (d drawn) best(favours []float64, alpha float64) (scores []float64, at int) {
	for i, l := range d.logs {
		scores = append(scores, l+float64(alpha*favours[i]))
	}
	at, _ = top(scores)
	return scores, at
}

// rank answers questions by the answers of the black box that tuning thinks most of.
func (s *steered) rank(ctx context.Context, qs []Question, pieces []knowledge.Piece, out []Answer) error {
	all, err := s.draw(ctx, qs)
	if err != nil {
		return err
	}
	for i, d := range all {
		a := &out[i]
		a.Calls, a.Tokens, a.Written = d.calls, d.tokens, d.written
		if len(d.logs) == 0 || len(qs[i].Choices) > 0 && d.none != nil {
			a.None = d.none
			continue
		}
		favours, err := s.favour(ctx, qs[i], pieces[i], d)
		if err != nil {
			return fmt.Errorf("rank the answers of the LLM: %w (item %s)", err, qs[i].ID)
		}
		scores, at := d.best(favours, s.set.Alpha)
		if len(qs[i].Choices) > 0 {
			a.Scores = scores
			a.Picked, a.Margin = top(scores)
			continue
		}
		a.say(d.texts[at].text, d.texts[at].cut, s.r.replyTokens())
	}
	return nil
}

// tryDrawn is try of a black box that gives texts alone.
func (s *steered) tryDrawn(ctx context.Context, known []Graded, t *trial) error {
	qs := make([]Question, len(known))
	for i, k := range known {
		qs[i] = k.Question
	}
	all, err := s.draw(ctx, qs)
	if err != nil {
		return err
	}
	t.alone, t.with = nil, make([][]bool, len(alphas))
	for i, d := range all {
		t.alone = append(t.alone, d.alone == known[i].Right)
		var favours []float64
		if d.none == nil {
			if favours, err = s.favour(ctx, qs[i], t.pieces[i], d); err != nil {
				return err
			}
		}
		for k, alpha := range alphas {
			right := false
			if d.none == nil {
				_, at := d.best(favours, alpha)
				right = at == known[i].Right
			}
			t.with[k] = append(t.with[k], right)
		}
	}
	return nil
}
