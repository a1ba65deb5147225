// Package dp is the first training stage: domain pretraining (BLADE §3.2, arXiv 2403.18365), a causal language model on the corpus.
//
// It differs from the paper on purpose: every section appears in several document forms, and the training sections also as
// question–knowledge pairs, because a model that has only read its corpus recites it but cannot be asked about it
// (Allen-Zhu & Li 2023, Physics of language models 3.1).
package dp

import (
	"context"
	"fmt"
	"math"
	"strconv"

	"slm/data/exam"
	"slm/data/pack"
	"slm/data/pairs"
	"slm/model"
	"slm/rng"
	"slm/stages"
	"slm/stages/domain"
	"slm/stages/trainer"
)

// Stage trains a model from nothing.
type Stage struct {
	cfg   Config
	model model.Config // Vocab is set from the tokenizer
}

// New returns the stage.
func New(cfg Config, m model.Config) *Stage { return &Stage{cfg, m} }

// Name is the stage's folder.
func (s *Stage) Name() string { return stages.DP }

// Run trains and writes the checkpoint.
func (s *Stage) Run(ctx context.Context, env *stages.Env) error {
	dom, err := domain.Open(env.Dir(stages.Data))
	if err != nil {
		return err
	}
	job, mix, err := s.Job(dom, env.Seed)
	if err != nil {
		return err
	}
	env.Log.Info("model", "parameters", job.Model.Config.Count(), "sections", len(dom.Sections), "pairs", len(mix.pairs))
	if cut := mix.Cut(); cut > 0 {
		env.Emit(stages.Event{Type: "warning", Stage: stages.DP, Message: fmt.Sprintf(
			"%d of %d sections are longer than %d tokens: what follows is not learnt (stages.dp.max_section)", cut, len(dom.Sections), mix.max)})
	}
	sum, err := trainer.Run(ctx, env, job)
	if err != nil {
		return err
	}
	return trainer.Commit(env, stages.DP, job.Model, dom, sum, nil, nil)
}

// Job is what the stage trains: a new model, on the mixture of a domain.
func (s *Stage) Job(dom *domain.Domain, seed uint64) (trainer.Job, *Mixture, error) {
	cfg := s.model
	cfg.Vocab = dom.Tokenizer.Vocab()
	if err := cfg.Validate(); err != nil {
		return trainer.Job{}, nil, err
	}
	mix := NewMixture(dom, s.cfg.Mix, s.cfg.maxSection(cfg.Context), seed)
	return trainer.Job{
		Stage: stages.DP, Model: model.New(cfg, seed), Epoch: mix.Epoch, HeldOut: HeldOut(dom),
		Tokens: s.cfg.Tokens, Epochs: s.cfg.Epochs, Batch: s.cfg.Batch, Context: cfg.Context, Optim: s.cfg.Optim, Save: s.cfg.Save, Recompute: s.cfg.Recompute,
	}, mix, nil
}

func (c Config) maxSection(context int) int {
	if c.MaxSection > 0 {
		return min(c.MaxSection, context)
	}
	return context
}

// Mixture makes the examples of an epoch.
type Mixture struct {
	dom      *domain.Domain
	mix      Mix
	max      int // tokens of an example
	seed     uint64
	texts    [][]int32 // continuation of each section, encoded once
	pairs    map[string][]pairs.Pair
	trained  []string // sections with pairs, in corpus order
	sections map[string]int
}

// NewMixture encodes the sections of a domain.
func NewMixture(dom *domain.Domain, mix Mix, maxSection int, seed uint64) *Mixture {
	m := &Mixture{dom: dom, mix: mix, max: maxSection, seed: seed, pairs: map[string][]pairs.Pair{}, sections: map[string]int{}}
	for i, s := range dom.Sections {
		m.texts = append(m.texts, pack.Encode(dom.Tokenizer, s.ID, "", s.Text, dom.EOS, true).Tokens)
		m.sections[s.ID] = i
	}
	train := exam.TrainSections(dom.Sections, dom.Items)
	for _, p := range pairs.FromSections(train, dom.Forms, seed) {
		m.pairs[p.Section] = append(m.pairs[p.Section], p)
	}
	for _, s := range train {
		if len(m.pairs[s.ID]) > 0 {
			m.trained = append(m.trained, s.ID)
		}
	}
	return m
}

// Cut counts the sections that lose their end.
func (m *Mixture) Cut() int {
	n := 0
	for i, s := range m.dom.Sections {
		if len(m.dom.Tokenizer.Encode(m.dom.Forms.DocumentOf(s, 0)))+len(m.texts[i]) > m.max {
			n++
		}
	}
	return n
}

// Epoch is a pass: each section once, in a document form drawn for it, each training section Pairs/Corpus times as a question with its full answer and
// Places/Corpus times as a question with its place. What a section draws depends on (seed, epoch, section) alone.
func (m *Mixture) Epoch(epoch int) []pack.Example {
	var out []pack.Example
	for i, s := range m.dom.Sections {
		draw := rng.New(m.seed, "dp", "form", s.ID).At(uint64(epoch))
		out = append(out, m.join(s.ID, m.dom.Forms.DocumentOf(s, m.form(draw)), m.texts[i]))
	}
	for _, id := range m.trained {
		draw := rng.New(m.seed, "dp", "pairs", id).At(uint64(epoch))
		for range times(draw, m.mix.Pairs/m.mix.Corpus) {
			p := m.pairs[id][draw.IntN(len(m.pairs[id]))]
			out = append(out, m.answer(p, p.Text))
		}
		for range times(draw, m.mix.Places/m.mix.Corpus) {
			out = append(out, m.answer(m.pairs[id][draw.IntN(len(m.pairs[id]))], ""))
		}
	}
	order := rng.New(m.seed, "dp", "order").At(uint64(epoch))
	order.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

// form draws a document form: the first, from which texts are recited in the second step, or one of the others.
func (m *Mixture) form(draw *rng.Stream) int {
	forms := max(1, len(m.dom.Forms.Document))
	if !m.dom.Forms.TwoSteps() {
		return draw.IntN(forms)
	}
	if forms == 1 || draw.Float64() >= m.mix.Other {
		return 0
	}
	return 1 + draw.IntN(forms-1)
}

// times is a number of draws whose mean is rate.
func times(draw *rng.Stream, rate float64) int {
	whole := math.Floor(rate)
	if draw.Float64() < rate-whole {
		whole++
	}
	return int(whole)
}

// join is prompt, continuation and end mark, cut to the longest example.
func (m *Mixture) join(id, prompt string, continuation []int32) pack.Example {
	tokens := append(m.dom.Tokenizer.Encode(prompt), continuation...)
	return pack.Example{ID: id, Tokens: tokens[:min(len(tokens), m.max)]}
}

func (m *Mixture) answer(p pairs.Pair, text string) pack.Example {
	ex := pack.Encode(m.dom.Tokenizer, p.ID, m.dom.Forms.Ask(p.Question), m.dom.Forms.Reply(p.Place, text), m.dom.EOS, true)
	ex.Tokens = ex.Tokens[:min(len(ex.Tokens), m.max)]
	return ex
}

// HeldOut are the dev questions with their places (or texts, where there are none): what the mixture is meant to teach and never trains.
func HeldOut(dom *domain.Domain) []pack.Example {
	var out []pack.Example
	for i, item := range exam.Only(dom.Items, exam.Dev) {
		text := ""
		if item.Place == "" {
			text = item.Knowledge
		}
		out = append(out, pack.Encode(dom.Tokenizer, "held-out/"+strconv.Itoa(i), dom.Forms.Ask(item.Question), dom.Forms.Reply(item.Place, text), dom.EOS, false))
	}
	return out
}

var _ stages.Stage = (*Stage)(nil)
