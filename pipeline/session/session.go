// Package session is a run opened for use: asked, or scored on other questions.
package session

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync/atomic"
	"time"

	"slm/checkpoint"
	"slm/data/exam"
	"slm/data/redact"
	"slm/llm"
	"slm/model/kernel"
	"slm/pipeline/blackbox"
	"slm/pipeline/recipe"
	"slm/pipeline/rundir"
	"slm/result"
	"slm/stages"
	"slm/stages/all"
	"slm/stages/domain"
	"slm/stages/eval"
	"slm/stages/knowledge"
	"slm/stages/route"
	"slm/stages/search"
	"slm/stages/systems"
)

// Session is a run opened for use. It changes no checkpoint; the LLM's replies are stored beside them.
type Session struct {
	Folder string
	Recipe *recipe.Loaded
	System string // that answers; empty = the one with the gate, without one the one that checks, or where places have no names the method's last stage
	Route  string // what auto is to reach where nobody says otherwise: see route.Parse; empty = what the recipe says
	Trial  string // of the prompt search, whose prompt is used instead of the one that was found: "17", "random/3"; empty = that one

	opt    Options
	kernel kernel.Backend
	*boxes
	log   *slog.Logger
	now   func() time.Time
	stamp string
	emit  func(stages.Event)

	turn   turn                          // of those who ask
	guard  func(*llm.Service) llm.Client // what stands before the black box; nil = nothing
	dom    *domain.Domain                // once asked
	with   *systems.Resources            // once asked
	router *route.Router                 // once asked; nil = the run has none
	small  atomic.Pointer[Bare]          // once asked
	listed atomic.Pointer[listing]       // once asked

	digests map[string]string // of the checkpoints that confidences belong to; nil = they are not kept
	kept    int               // confidences in the run's folder
}

// Options is what a session works with.
type Options struct {
	Kernel  kernel.Backend
	Offline bool          // stored replies only
	Cut     bool          // nothing goes over the network: where the black box is behind a server, stored replies only
	View    rundir.Viewer // may be nil
	Log     *slog.Logger
	Now     func() time.Time
	Share   bool                          // many ask at the same time: local weights write their texts together
	Guard   func(*llm.Service) llm.Client // stands before the black box; may be nil
	Redact  *redact.Redactor              // hides personal data from the black box, and from a server that makes vectors; nil = nothing is hidden

	Set, Env []string // how the run's black boxes are reached now, in place of what its recipe says; see recipe.Reopen
}

// Open opens a run's folder. recipe.ErrUsage: a setting would make another run of it.
func Open(folder string, opt Options) (*Session, error) {
	r, err := recipe.Reopen(filepath.Join(folder, rundir.RecipeFile), opt.Set, opt.Env, true)
	if err != nil {
		return nil, err
	}
	s := newSession(folder, r, opt)
	room := int64(0)
	if opt.Share {
		room = keptReplies
	}
	s.boxes = &boxes{box: &blackbox.Box{Room: room, Config: r.LLM, Share: opt.Share, Offline: opt.Offline || opt.Cut && r.LLM.Kind().Elsewhere, Seed: r.Seed, Others: filepath.Dir(filepath.Dir(folder))}, users: 1}
	s.keep()
	return s, nil
}

// keptReplies is how much of the LLM's replies a session that is asked by many keeps in memory: it may live for months, and the others are on disk; bytes.
const keptReplies = 64 << 20

func newSession(folder string, r *recipe.Loaded, opt Options) *Session {
	emit := func(e stages.Event) {
		if opt.View != nil {
			opt.View.Event(e)
		}
	}
	return &Session{Folder: folder, Recipe: r, opt: opt, kernel: opt.Kernel, log: opt.Log, now: opt.Now, emit: emit, turn: newTurn(), guard: opt.Guard, stamp: Stamp(folder)}
}

// Again opens the run as it is now, for checkpoints that have changed. The two sessions share the black box and its stored replies.
func (s *Session) Again() (*Session, error) {
	r, err := recipe.Reopen(filepath.Join(s.Folder, rundir.RecipeFile), s.opt.Set, s.opt.Env, true)
	if err != nil {
		return nil, err
	}
	n := newSession(s.Folder, r, s.opt)
	n.boxes = s.share()
	return n, nil
}

// Close ends the session. What was asked for is exported first, so that other sessions and runs need not ask it again.
func (s *Session) Close() (err error) {
	if b := s.small.Load(); b != nil {
		b.Close()
	}
	if s.with != nil {
		err = s.with.Close()
	}
	if s.dom != nil {
		err = errors.Join(err, s.dom.Close())
	}
	return errors.Join(err, s.leave(s.Folder))
}

func (s *Session) oneStep() bool { return knowledge.InOneStep(s.Recipe) }

// hash reads checkpoints before they are used, and says which are there.
func (s *Session) hash(names ...string) (there map[string]bool, err error) {
	there = map[string]bool{}
	for _, stage := range names {
		err := checkpoint.Verify(filepath.Join(s.Folder, stage))
		if errors.Is(err, checkpoint.ErrMissing) {
			continue
		}
		if err != nil {
			return nil, err
		}
		there[stage] = true
	}
	return there, nil
}

// Evaluate scores the run's systems on questions of the user's. They are answered as the recipe says, or in another way: eval.Choice or eval.Free. auto is routed to
// s.Route, or to what the recipe says.
func (s *Session) Evaluate(ctx context.Context, items []exam.Item, answer string) (*result.Summary, error) {
	if _, err := s.hash(all.Names()...); err != nil {
		return nil, err
	}
	cfg := s.Recipe.Eval
	if answer == eval.Choice {
		cfg.Judge = nil
	}
	cfg.Answer = cmp.Or(answer, cfg.Answer)
	cfg.Route.Target = cmp.Or(s.Route, cfg.Route.Target)
	env := &stages.Env{
		Run: s.Folder, Seed: s.Recipe.Seed, Kernel: s.kernel, LLM: s.box.Client(s.kernel), Replies: s.box.Replies,
		Answer: s.Recipe.LLM.Answer, Emit: s.emit, Log: s.log, Now: s.now,
	}
	var judge *blackbox.Box // what it says of other questions is no part of the run, and is not stored
	env.Other = func(name string) (llm.Client, error) {
		if name == search.ServerName {
			return s.openServer()
		}
		for _, o := range eval.Def.Others(s.Recipe) {
			if o.Name == name {
				judge = &blackbox.Box{Config: o.Config, Offline: s.box.Offline, Seed: s.Recipe.Seed, Others: s.box.Others}
				return judge.Open(s.kernel, nil)
			}
		}
		return nil, fmt.Errorf("eval declares no black box %q", name)
	}
	sum, _, err := eval.New(cfg, s.oneStep()).Items(ctx, env, items)
	return sum, errors.Join(err, judge.Close())
}
