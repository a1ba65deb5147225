package estimate

import (
	"context"
	"errors"

	"slm/data/exam"
	"slm/llm"
	"slm/model/decode"
	"slm/pipeline/blackbox"
	"slm/rng"
	"slm/stages"
	"slm/stages/knowledge"
)

// distinct is the share of the evaluation's questions that differ, about: systems that give the black box the same text ask once. It was 0.62 in
// a run of recipes/legal.yaml and 0.51 in one of statutes-cn.yaml.
const distinct = 0.57

// placeTokens is how long a generated place is, about.
const placeTokens = 12

// calibrate measures what several stages share.
func (e *Estimator) calibrate(ctx context.Context, box *blackbox.Box) error {
	limit, err := knowledge.Limit(e.Domain, e.recipe.Eval.Knowledge)
	if err != nil {
		return err
	}
	e.passage = limit
	e.Rates = &stages.Rates{
		Bare: e.questionSize(false), Known: e.questionSize(true), PlaceTokens: placeTokens, PassageTokens: limit, Distinct: distinct,
	}
	if !e.recipe.Off(stages.DP) { // else there is no small model to generate
		if err := e.timeGeneration(ctx); err != nil {
			return err
		}
	}
	if e.recipe.LLM.Kind().Elsewhere {
		e.note("the time that the server takes is not known, and not counted")
		return nil
	}
	err = e.timeQuestions(ctx, box)
	if errors.Is(err, llm.ErrUnavailable) {
		e.note("the time of the black box is not counted: %v", err)
		return nil
	}
	return err
}

// questionSize is the mean length of a question to the black box in characters, and the calls that it takes.
func (e *Estimator) questionSize(known bool) (size stages.QuestionSize) {
	size.Calls = 1
	items := e.Domain.Items[:min(len(e.Domain.Items), 50)]
	for _, item := range items {
		q := llm.Question{Question: item.Question, Choices: item.Choices}
		if known {
			q.Knowledge = knowledge.Head(e.Domain, item.Knowledge, e.passage)
		}
		r, err := llm.Render(e.recipe.LLM.Answer, q)
		if err != nil {
			continue
		}
		times := 1
		if e.recipe.LLM.Kind().Splits && len(r.Options) > 0 {
			times, size.Calls = len(r.Options), len(r.Options) // a server reads the prompt again for each
		}
		size.Chars += float64(times * len(r.Prompt))
		for _, o := range r.Options {
			size.Chars += float64(len(o))
		}
	}
	size.Chars /= float64(max(1, len(items)))
	return size
}

// timeGeneration measures a token of many sequences that are generated together.
func (e *Estimator) timeGeneration(ctx context.Context) error {
	const together, long = 32, 16
	d := decode.New(e.Model.Base(), e.Env.Kernel)
	reqs := make([]decode.Request, together)
	draw := rng.New(e.recipe.Seed, "plan", "generate")
	for i := range reqs {
		for range min(20, e.Model.Config.Context-1) {
			reqs[i].Prompt = append(reqs[i].Prompt, int32(draw.IntN(e.Model.Config.Vocab)))
		}
		reqs[i].MaxNew = long
	}
	turn, err := e.Time(ctx, func() error {
		_, err := d.Generate(ctx, reqs)
		return err
	})
	e.Rates.Token = turn / (together * long)
	return err
}

// timeQuestions asks weights in this process what a stage would ask.
func (e *Estimator) timeQuestions(ctx context.Context, box *blackbox.Box) error {
	client, err := box.Open(e.Env.Kernel, nil)
	if err != nil {
		return err
	}
	var qs []llm.Question
	for _, item := range exam.WithChoices(exam.Only(e.Domain.Items, exam.Train)) {
		qs = append(qs, llm.Question{Knowledge: knowledge.Head(e.Domain, item.Knowledge, e.passage), Question: item.Question, Choices: item.Choices})
	}
	const together = 4
	if len(qs) < 2*together {
		e.note("there are too few training questions to time the black box: its time is not counted")
		return nil
	}
	if _, err := llm.Answer(ctx, client, e.recipe.LLM.Answer, qs[:together]); err != nil { // the first loads the weights
		return err
	}
	took, err := e.Once(func() error {
		_, err := llm.Answer(ctx, client, e.recipe.LLM.Answer, qs[together:2*together])
		return err
	})
	e.Rates.Question = took / together
	return err
}
