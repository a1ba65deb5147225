// Package task tunes the small model for something else than questions about sections: for now, to give a text one of the labels that it has
// learnt, or none of them. The stage stands in the place of eval: what it has learnt is counted on rows that it was never trained on, beside what a
// search for the nearest known text and the commonest label come to.
//
// Labels are chosen by constrained decoding: the most likely of all labels with its end mark, so that nothing else can be said and no label is
// hidden by one that begins like it.
package task

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"slm/checkpoint"
	"slm/data/corpus"
	"slm/data/exam"
	"slm/data/pack"
	"slm/data/taskrow"
	"slm/model"
	"slm/model/decode"
	"slm/stages"
	"slm/stages/domain"
	"slm/stages/trainer"
)

// Stage tunes the model of the last stage that trains.
type Stage struct {
	cfg    Config
	corpus corpus.Options // of the recipe
}

// New returns the stage. It reads the corpus again where the recipe leaves documents out, to ask about them.
func New(cfg Config, from corpus.Options) *Stage { return &Stage{cfg, from} }

// Name is the stage's folder.
func (s *Stage) Name() string { return stages.Task }

// Run trains, answers the held-out rows, and writes the checkpoint.
func (s *Stage) Run(ctx context.Context, env *stages.Env) error {
	dom, err := domain.Open(env.Dir(stages.Data))
	if err != nil {
		return err
	}
	defer func() { _ = dom.Close() }() // mapped for reading
	m, err := s.material(dom, env.Seed)
	if err != nil {
		return err
	}
	params, err := domain.LoadTrained(env.Tuned())
	if err != nil {
		return err
	}
	sum, err := trainer.Run(ctx, env, s.job(dom, params, m, env.Seed))
	if err != nil {
		return err
	}
	words := newWords(dom, s.cfg.Ask, m.labels, params.Config.Context)
	answers, curve, err := s.answers(ctx, env, newReader(decode.New(params, env.Kernel), words), m)
	if err != nil {
		return err
	}
	figures, err := summarise(m.labels, answers, env.Seed)
	if err != nil {
		return err
	}
	figures.Ask, figures.Curve = s.cfg.Ask, curve
	facts := map[string]string{"labels": strconv.Itoa(len(m.labels)), "test": strconv.Itoa(figures.Test), "none": strconv.Itoa(figures.None)}
	if m.dumb > 0 {
		facts["left_out"] = fmt.Sprintf("%d documents whose fragments stand in others too", m.dumb)
	}
	return trainer.Commit(env, stages.Task, params, dom, sum, facts, func(p *checkpoint.Pending) error {
		return errors.Join(figures.write(p), checkpoint.WriteTable(p.Path(AnswersFile), answers, nil))
	})
}

// job is the training.
func (s *Stage) job(dom *domain.Domain, params *model.Params, m *material, seed uint64) trainer.Job {
	words := newWords(dom, s.cfg.Ask, m.labels, params.Config.Context)
	encode := func(rows []taskrow.Row) (out pack.Examples) {
		for _, r := range rows {
			prompt := words.prompt(r.Text)
			out = append(out, pack.Example{ID: r.ID, Prompt: len(prompt), Tokens: append(prompt, words.answer(r.Target)...)})
		}
		return out
	}
	var dev []taskrow.Row
	for _, r := range m.held {
		if r.Split == exam.Dev && r.Target != "" {
			dev = append(dev, r)
		}
	}
	return trainer.Job{
		Stage: stages.Task, Model: params,
		Epoch:   func(epoch int) (pack.Source, error) { return encode(m.shuffled(epoch, seed)), nil },
		HeldOut: encode(exam.Evenly(dev, mostHeld)),
		Epochs:  s.cfg.Epochs, Batch: s.cfg.Batch, Shards: s.cfg.Shards, Context: params.Config.Context,
		Optim: s.cfg.Optim.For(params.Config.Width, trainer.TuningRate), Save: s.cfg.Save, Recompute: s.cfg.Recompute,
	}
}

// mostHeld is how many dev rows the held-out loss is measured on.
const mostHeld = 200
