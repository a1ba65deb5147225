package session

import (
	"context"
	"fmt"
	"path/filepath"

	"slm/checkpoint"
	"slm/data/tokenizer"
	"slm/llm"
	"slm/model"
	"slm/stages"
	"slm/stages/bpo"
	"slm/stages/domain"
	"slm/stages/systems"
)

// Question is what a session is asked.
type Question struct {
	Text    string
	Choices []string // none = the answer is free text
	Silent  bool     // the LLM is not asked
}

// Answer is what a system made of it.
type Answer struct {
	Question  string        `json:"question"`
	System    string        `json:"system"`
	Place     string        `json:"place"`     // where the knowledge is said to stand
	Source    string        `json:"source"`    // where the corpus has that place; empty when it has no such place
	Knowledge string        `json:"knowledge"` // that the LLM is given
	InCorpus  bool          `json:"in_corpus"` // the knowledge stands in the corpus at that place, word for word
	Reply     string        `json:"reply,omitempty"`
	NoAnswer  *llm.NoAnswer `json:"no_answer,omitempty"` // why the LLM gave no answer
	Choice    *int          `json:"choice,omitempty"`
	Scores    []float64     `json:"scores,omitempty"` // of the choices, log-likelihood per token
	LLM       string        `json:"llm,omitempty"`    // that replied; empty when none did
}

// Ask answers a question. Where the LLM fails, the answer comes beside the error, with the knowledge that it was to be given.
func (s *Session) Ask(ctx context.Context, q Question) (*Answer, error) {
	if err := s.load(ctx); err != nil {
		return nil, err
	}
	box := &lazyBox{open: func() (llm.Client, error) { return s.box.Open(s.kernel, nil) }}
	if s.with.Box = box; q.Silent {
		s.with.Box = nil
	}
	answers, err := s.system.Answer(ctx, []systems.Question{{Text: q.Text, Choices: q.Choices}})
	if len(answers) != 1 {
		return nil, err
	}
	got := answers[0]
	a := &Answer{Question: q.Text, System: s.System, Place: got.Place, Source: got.Source, Knowledge: got.Knowledge, InCorpus: got.InCorpus}
	if err != nil || q.Silent {
		return a, err
	}
	a.Reply, a.NoAnswer, a.Scores, a.LLM = got.Text, got.None, got.Scores, box.name()
	if len(q.Choices) > 0 {
		a.Choice = &got.Picked
		if got.Picked >= 0 {
			a.Reply = q.Choices[got.Picked]
		}
	}
	return a, nil
}

// load opens the system once.
func (s *Session) load(ctx context.Context) error {
	if s.system != nil {
		return nil
	}
	there, err := s.hash(stages.Data, stages.DP, stages.KIT, stages.BPO)
	if err != nil {
		return err
	}
	if s.dom, err = domain.Open(filepath.Join(s.Folder, stages.Data)); err != nil {
		return err
	}
	run := systems.Run{
		Dir: func(stage string) string { return filepath.Join(s.Folder, stage) }, Domain: s.dom, Kernel: s.kernel, Seed: s.Recipe.Seed,
		Style: s.Recipe.LLM.Answer, OneStep: s.oneStep(), Limit: s.Recipe.Eval.Knowledge,
	}
	if s.Trial != "" {
		if !there[stages.BPO] {
			return fmt.Errorf("pipeline: %s has searched no prompts yet: %w", s.Folder, checkpoint.ErrMissing)
		}
		run.Prompt = func(tok *tokenizer.Tokenizer, p *model.Params) ([]float32, error) {
			return bpo.PromptOf(filepath.Join(s.Folder, stages.BPO), s.Trial, stages.Get[bpo.Soft](s.Recipe, "stages.bpo.soft"), tok, p, s.Recipe.Seed)
		}
	}
	if s.with, err = systems.Open(run); err != nil {
		return err
	}
	if s.System == "" {
		s.System = s.with.Latest
	}
	if s.System == "" {
		return fmt.Errorf("pipeline: %s has no model yet: %w", s.Folder, checkpoint.ErrMissing)
	}
	spec, ok := systems.Lookup(s.System)
	if !ok {
		return fmt.Errorf("%w: there is none of that name: %q", systems.ErrUnavailable, s.System)
	}
	if s.system, err = spec.Open(ctx, s.with); err != nil {
		return fmt.Errorf("%s: %w", s.System, err)
	}
	return nil
}

// lazyBox opens the black box when it is first asked, so that what the small model knows is there also where the box cannot be opened.
type lazyBox struct {
	open   func() (llm.Client, error)
	client llm.Client
}

// Do implements llm.Client.
func (b *lazyBox) Do(ctx context.Context, reqs []llm.Request) (replies []llm.Reply, err error) {
	if b.client == nil {
		if b.client, err = b.open(); err != nil {
			return nil, err
		}
	}
	return b.client.Do(ctx, reqs)
}

// ReplyLimit is that of the box.
func (b *lazyBox) ReplyLimit() int {
	if l, ok := b.client.(interface{ ReplyLimit() int }); ok {
		return l.ReplyLimit()
	}
	return 0
}

// Info implements llm.Client.
func (b *lazyBox) Info() llm.Info {
	if b.client == nil {
		return llm.Info{}
	}
	return b.client.Info()
}

// name is the model that was asked; "" = none was.
func (b *lazyBox) name() string { return b.Info().Model }
