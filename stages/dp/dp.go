// Package dp is the first training stage: domain pretraining (BLADE §3.2, arXiv 2403.18365), a causal language model on the corpus.
//
// It differs from the paper on purpose: every section appears in several document forms, and the training sections also as
// question–knowledge pairs, because a model that has only read its corpus recites it but cannot be asked about it
// (Allen-Zhu & Li 2023, Physics of language models 3.1).
package dp

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"slm/checkpoint"
	"slm/data/exam"
	"slm/data/form"
	"slm/data/pack"
	"slm/model"
	"slm/model/bag"
	"slm/model/weights"
	"slm/pipeline/schema"
	"slm/stages"
	"slm/stages/domain"
	"slm/stages/trainer"
)

// Stage trains a model, from nothing or from weights of others.
type Stage struct {
	cfg   Config
	model model.Config // Vocab is set from the tokenizer
	open  *model.Shape // that the corpus fills in, instead of model; nil = nothing is open
	from  string       // reference of the weights that it goes on from, instead of random ones; "" = none
	lora  *model.LoRA  // that is learnt instead of all weights; nil = these
	bag   bag.Config   // of the encoder beside it

	update domain.Update
}

// New returns the stage.
func New(cfg Config, m model.Config) *Stage {
	return &Stage{cfg: cfg, model: m, bag: bag.DefaultConfig()}
}

// Name is the stage's folder.
func (s *Stage) Name() string { return stages.DP }

// Run trains and writes the checkpoint.
func (s *Stage) Run(ctx context.Context, env *stages.Env) error {
	dom, err := domain.Open(env.Dir(stages.Data))
	if err != nil {
		return err
	}
	defer func() { _ = dom.Close() }() // mapped for reading
	job, mix, err := s.Job(dom, env.Seed)
	if err != nil {
		return err
	}
	sections := dom.Sections.Len()
	env.Log.Info("model", "parameters", job.Model.Config.Count(), "sections", sections, "asked_about", len(mix.trained))
	long, parts, cut := mix.Long()
	if long > 0 {
		env.Log.Info("long sections are read in parts", "sections", long, "parts", parts, "tokens", mix.max)
	}
	if cut > 0 {
		env.Emit(stages.Event{Type: "warning", Stage: stages.DP, Message: fmt.Sprintf(
			"%d of %d sections are longer than %d tokens: what follows is not read (stages.dp.max_section, stages.dp.long)", cut, sections, mix.max)})
	}
	look, err := s.cfg.Look(mix, job.Context)
	if err != nil {
		return err
	}
	if look.Poor() && !s.cfg.Fresh {
		env.Emit(stages.Event{Type: "warning", Stage: stages.DP, Message: look.String()})
	}
	over := placesOver(env, dom, job.Context)
	var left int64 // tokens that stage kit trains on instead
	if s.cfg.Fresh {
		if left, err = job.Length(); err != nil {
			return err
		}
		job.Tokens, job.Epochs = 0, 0
	}
	var extra func(*checkpoint.Pending) error
	if s.cfg.Mix.Contrast > 0 {
		encoder, err := s.encoder(ctx, env, mix)
		if err != nil {
			return err
		}
		extra = func(p *checkpoint.Pending) error { return encoder.Write(p.Path(domain.EncoderFile)) }
	}
	sum, err := trainer.Run(ctx, env, job)
	if err != nil {
		return err
	}
	facts := mix.read.Facts()
	facts["long_sections"], facts["parts"], facts["cut_sections"] = strconv.Itoa(long), strconv.Itoa(parts), strconv.Itoa(cut)
	facts["places_over"] = strconv.Itoa(over)
	mix.askedFacts(facts)
	if err := mix.generalFacts(facts); err != nil {
		return err
	}
	mix.update.facts(facts)
	if s.open != nil || look.Auto {
		look.facts(facts, job.Model.Config)
	}
	if s.cfg.Fresh {
		domain.LeaveTokens(facts, left)
	}
	return trainer.Commit(env, stages.DP, job.Model, dom, sum, facts, extra)
}

// placesOver counts the places that leave no room for a text in the model's context, and warns of them.
func placesOver(env *stages.Env, dom *domain.Domain, context int) int {
	_, over := domain.MeasurePlaces(dom.Tokenizer, dom.Forms, dom.Sections.All(), context)
	if over > 0 {
		env.Emit(stages.Event{Type: "warning", Stage: stages.DP, Message: fmt.Sprintf(
			"the places of %d of %d sections leave no room for a text in a context of %d tokens: they are never named (data.forms.place, model.context)", over, dom.Sections.Len(), context)})
	}
	return over
}

// Job is what the stage trains: a new model, on the mixture of a domain.
func (s *Stage) Job(dom *domain.Domain, seed uint64) (trainer.Job, *Mixture, error) {
	cfg := s.model
	if s.open != nil {
		shape, err := filled(*s.open, dom)
		if err != nil {
			return trainer.Job{}, nil, err
		}
		cfg = shape.Config(0)
	}
	cfg.Vocab = dom.Tokenizer.Vocab()
	if err := cfg.Validate(); err != nil {
		return trainer.Job{}, nil, err
	}
	params, err := s.begin(cfg, seed)
	if err != nil {
		return trainer.Job{}, nil, err
	}
	cfg = params.Config
	mix, err := s.mixture(dom, cfg.Context, seed)
	if err != nil {
		return trainer.Job{}, nil, err
	}
	tokens := s.cfg.Tokens
	if tokens == schema.Auto {
		look, err := s.cfg.Look(mix, cfg.Context)
		if err != nil {
			return trainer.Job{}, nil, err
		}
		tokens = look.Tokens
	}
	return trainer.Job{
		Stage: stages.DP, Model: params, Epoch: mix.Epoch, HeldOut: HeldOut(dom),
		Tokens: tokens, Epochs: s.cfg.Epochs, Batch: s.cfg.Batch, Shards: s.cfg.Shards, Context: cfg.Context, Optim: s.cfg.Optim.For(cfg.Width, rateOf(s.from, s.lora)), Save: s.cfg.Save, Recompute: s.cfg.Recompute,
	}, mix, nil
}

// mixture is what the stage reads of a domain.
func (s *Stage) mixture(dom *domain.Domain, context int, seed uint64) (*Mixture, error) {
	mix, err := NewMixture(dom, s.cfg.Mix, s.cfg.maxSection(context), s.cfg.Long == Cut, seed)
	if err == nil && s.update.Partial() {
		err = mix.Update(s.update)
	}
	return mix, err
}

// begin is the model before its first step: random weights, or those of others with the context of the recipe.
func (s *Stage) begin(cfg model.Config, seed uint64) (*model.Params, error) {
	if s.from == "" {
		return model.New(cfg, seed), nil
	}
	ref, ok, err := weights.Parse(s.from)
	if err != nil || !ok {
		return nil, fmt.Errorf("%s: model.from: %q names no weights: %w", stages.DP, s.from, err)
	}
	src, err := ref.Open()
	if err != nil {
		return nil, fmt.Errorf("%s: model.from: %w", stages.DP, err)
	}
	p, err := weights.Params(src)
	if err = errors.Join(err, src.Close()); err != nil {
		return nil, fmt.Errorf("%s: model.from: %w", stages.DP, err)
	}
	if p.Config.Vocab != cfg.Vocab {
		return nil, fmt.Errorf("%s: model.from: %w: %s has rows for %d tokens, and its tokenizer has %d", stages.DP, weights.ErrUnsupported, ref, p.Config.Vocab, cfg.Vocab)
	}
	p.Config.Context = cfg.Context
	if s.lora != nil {
		p.Adapter = model.NewAdapter(p.Config, *s.lora, seed)
	}
	return p, nil
}

func (c Config) maxSection(context int) int {
	if c.MaxSection > 0 {
		return min(c.MaxSection, context)
	}
	return context
}

// HeldOut are the dev questions with their places (or texts, where there are none): what the mixture is meant to teach and never trains.
func HeldOut(dom *domain.Domain) pack.Examples {
	var out pack.Examples
	for i, item := range exam.Only(dom.Items, exam.Dev) {
		text := ""
		if item.Place == "" {
			text = item.Knowledge
		}
		out = append(out, pack.Encode(dom.Tokenizer, "held-out/"+strconv.Itoa(i), form.Ask(item.Question), dom.Forms.Reply(item.Place, text), dom.EOS, false))
	}
	return out
}

var _ stages.Stage = (*Stage)(nil)
