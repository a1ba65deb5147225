package estimate

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"slm/data/exam"
	"slm/llm"
	"slm/model"
	"slm/model/decode"
	"slm/pipeline/blackbox"
	"slm/rng"
	"slm/stages"
	"slm/stages/knowledge"
	"slm/stages/trainer"
)

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// shortest is how long a measurement lasts at least, unless one turn takes longer.
const shortest = 300 * time.Millisecond

// repeat times f: once to warm up, then until enough time has passed. // seconds a turn
func (e *estimator) repeat(ctx context.Context, f func() error) (float64, error) {
	if err := f(); err != nil {
		return 0, err
	}
	start := e.now()
	for n := 1; ; n++ {
		if err := context.Cause(ctx); err != nil {
			return 0, err
		}
		if err := f(); err != nil {
			return 0, err
		}
		if d := e.now().Sub(start); d >= shortest || n >= 1000 {
			return d.Seconds() / float64(n), nil
		}
	}
}

// training is what a training stage will take.
type training struct {
	steps            int
	step, held, load float64 // seconds: of a step, of all measurements of the held-out loss, of everything before the first step
}

// rehearse trains a stage's first batches in memory.
func (e *estimator) rehearse(ctx context.Context, job trainer.Job) (t training, err error) {
	env := &stages.Env{Seed: e.recipe.Seed, Kernel: e.kernel, Log: quiet(), Now: e.now, Emit: func(stages.Event) {}}
	start := e.now()
	r, err := trainer.Rehearse(env, job)
	if err != nil {
		return t, fmt.Errorf("pipeline: calibrate: %w", err)
	}
	defer r.Close()
	t.steps, t.load = r.Steps(), e.now().Sub(start).Seconds()
	if t.steps == 0 {
		return t, nil
	}
	if t.step, err = e.repeat(ctx, func() error { _, err := r.Step(); return err }); err != nil {
		return t, fmt.Errorf("pipeline: calibrate: %w", err)
	}
	if n := r.Measurements(); n > 0 {
		once, err := e.repeat(ctx, func() error { _, err := r.HeldOut(); return err })
		if err != nil {
			return t, fmt.Errorf("pipeline: calibrate: %w", err)
		}
		t.held = float64(n) * once
	}
	return t, nil
}

// timeGeneration measures a token of many sequences that are generated together.
func (e *estimator) timeGeneration(ctx context.Context, params *model.Params) error {
	const together, long = 32, 16
	d := decode.New(params, e.kernel)
	reqs := make([]decode.Request, together)
	draw := rng.New(e.recipe.Seed, "plan", "generate")
	for i := range reqs {
		for range min(20, e.shape.Context-1) {
			reqs[i].Prompt = append(reqs[i].Prompt, int32(draw.IntN(e.shape.Vocab)))
		}
		reqs[i].MaxNew = long
	}
	turn, err := e.repeat(ctx, func() error {
		_, err := d.Generate(ctx, reqs)
		return err
	})
	e.rates.Token = turn / (together * long)
	return err
}

// timeQuestions asks weights in this process what a stage would ask.
func (e *estimator) timeQuestions(ctx context.Context, box *blackbox.Box) error {
	client, err := box.Open(e.kernel, nil)
	if err != nil {
		return err
	}
	var qs []llm.Question
	for _, item := range exam.Only(e.dom.Items, exam.Train) {
		qs = append(qs, llm.Question{Knowledge: knowledge.Head(e.dom, item.Knowledge, e.recipe.Eval.Knowledge), Question: item.Question, Choices: item.Choices})
	}
	const together = 4
	if len(qs) < 2*together {
		e.note("there are too few training questions to time the black box: its time is not counted")
		return nil
	}
	if _, err := llm.Answer(ctx, client, e.recipe.LLM.Answer, qs[:together]); err != nil { // the first loads the weights
		return err
	}
	start := e.now()
	if _, err := llm.Answer(ctx, client, e.recipe.LLM.Answer, qs[together:2*together]); err != nil {
		return err
	}
	e.rates.Question = e.now().Sub(start).Seconds() / together
	return nil
}
