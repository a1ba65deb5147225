// Package task tunes the small model for something else than questions about sections. The stage stands in the place of eval: what it has learnt is
// counted on rows that it was never trained on, beside controls that need no training.
//
// What is learnt is a kind (kind.go): its rows, what is said of them and how that is counted. Training, resumption and the question that a text is
// put in are the same for all.
package task

import (
	"context"
	"errors"

	"slm/checkpoint"
	"slm/data/corpus"
	"slm/data/exam"
	"slm/data/pack"
	"slm/data/taskrow"
	"slm/model"
	"slm/stages"
	"slm/stages/domain"
	"slm/stages/trainer"
)

// Stage tunes the model of the last stage that trains.
type Stage struct {
	cfg    Config
	corpus corpus.Options // of the recipe
	on     machine        // that judges programs
}

// New returns the stage. It reads the corpus again where the recipe leaves documents out, to ask about them.
func New(cfg Config, from corpus.Options) *Stage { return &Stage{cfg, from, here} }

// Name is the stage's folder.
func (s *Stage) Name() string { return stages.Task }

// Run trains, answers the held-out rows, and writes the checkpoint.
func (s *Stage) Run(ctx context.Context, env *stages.Env) error {
	dom, err := domain.Open(env.Dir(stages.Data))
	if err != nil {
		return err
	}
	defer func() { _ = dom.Close() }() // mapped for reading
	l, err := s.lesson(dom, env.Seed)
	if err != nil {
		return err
	}
	params, err := domain.LoadTrained(env.Tuned())
	if err != nil {
		return err
	}
	sum, err := trainer.Run(ctx, env, s.job(dom, params, l, env.Seed))
	if err != nil {
		return err
	}
	came, err := l.test(ctx, &trial{s.cfg, env, params, s.asker(dom, l, params.Config.Context), func(other *model.Params) trainer.Job { return s.job(dom, other, l, env.Seed) }, s.on})
	if err != nil {
		return err
	}
	return trainer.Commit(env, stages.Task, params, dom, sum, came.facts, func(p *checkpoint.Pending) error {
		return errors.Join(write(p, kindOf(s.cfg).file, came.figures), came.tables(p))
	})
}

// asker puts the task's texts.
func (s *Stage) asker(dom *domain.Domain, l lesson, context int) *asker {
	if kindOf(s.cfg).verbatim {
		return newVerbatim(dom, l.reserve(dom), context)
	}
	return newAsker(dom, s.cfg.Ask, l.reserve(dom), context)
}

// job is the training.
func (s *Stage) job(dom *domain.Domain, params *model.Params, l lesson, seed uint64) trainer.Job {
	room, context, m := l.reserve(dom), params.Config.Context, l.rows()
	asks := s.asker(dom, l, context)
	encode := func(rows []taskrow.Row) (out pack.Examples) {
		for _, r := range rows {
			prompt, target := asks.prompt(r.Text), asks.answer(r.Target)
			out = append(out, pack.Example{ID: r.ID, Prompt: len(prompt), Tokens: append(prompt, target[:min(len(target), room)]...)})
		}
		return out
	}
	epoch := func(epoch int) (pack.Source, error) {
		rows := m.shuffled(epoch, seed)
		examples := encode(rows)
		if m.reads {
			for _, r := range rows {
				text := append(dom.Tokenizer.Encode(r.Text), answer(dom, r.Target)...)
				examples = append(examples, pack.Example{ID: r.ID + "/read", Tokens: text[:min(len(text), context)]})
			}
		}
		return examples, nil
	}
	var dev []taskrow.Row
	for _, r := range m.held {
		if r.Split == exam.Dev && r.Target != "" {
			dev = append(dev, r)
		}
	}
	return trainer.Job{
		Stage: stages.Task, Model: params,
		Epoch:   epoch,
		HeldOut: encode(exam.Evenly(dev, mostHeld)),
		Epochs:  s.cfg.Epochs, Batch: s.cfg.Batch, Shards: s.cfg.Shards, Context: context,
		Optim: s.cfg.Optim.For(params.Config.Width, trainer.TuningRate), Save: s.cfg.Save, Recompute: s.cfg.Recompute,
	}
}

// mostHeld is how many dev rows the held-out loss is measured on.
const mostHeld = 200
