// Package session is a run opened for use: asked, or scored on other questions.
package session

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"

	"slm/checkpoint"
	"slm/data/exam"
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
	"slm/stages/search"
	"slm/stages/systems"
)

// Session is a run opened for use. It changes no checkpoint; the LLM's replies are stored beside them.
type Session struct {
	Folder string
	Recipe *recipe.Loaded
	System string // that answers; empty = the one with the gate, without one the one that checks, or where places have no names the method's last stage
	Trial  string // of the prompt search, whose prompt is used instead of the one that was found: "17", "random/3"; empty = that one

	kernel kernel.Backend
	box    *blackbox.Box
	server *blackbox.Box // that makes vectors of questions; nil = the run has none, or nobody has asked for it
	hold   *flock.Flock
	log    *slog.Logger
	now    func() time.Time
	emit   func(stages.Event)

	dom    *domain.Domain     // once asked
	with   *systems.Resources // once asked
	system systems.System

	digests map[string]string // of the checkpoints that confidences belong to; nil = they are not kept
	kept    int               // confidences in the run's folder
}

// Options is what a session works with.
type Options struct {
	Kernel  kernel.Backend
	Offline bool          // stored replies only
	View    rundir.Viewer // may be nil
	Log     *slog.Logger
	Now     func() time.Time

	Set, Env []string // how the run's black boxes are reached now, in place of what its recipe says; see recipe.Reopen
}

// Open opens a run's folder. recipe.ErrUsage: a setting would make another run of it.
func Open(folder string, opt Options) (*Session, error) {
	r, err := recipe.Reopen(filepath.Join(folder, rundir.RecipeFile), opt.Set, opt.Env, true)
	if err != nil {
		return nil, err
	}
	emit := func(e stages.Event) {
		if opt.View != nil {
			opt.View.Event(e)
		}
	}
	s := &Session{Folder: folder, Recipe: r, kernel: opt.Kernel, log: opt.Log, now: opt.Now, emit: emit}
	s.box = &blackbox.Box{Config: r.LLM, Offline: opt.Offline, Seed: r.Seed, Others: filepath.Dir(filepath.Dir(folder))}
	s.keep()
	return s, nil
}

// keep stores the replies of this session in the run's folder. Where that cannot be, because the folder is read-only or another session
// writes there, they are kept in memory.
func (s *Session) keep() {
	hold := flock.New(filepath.Join(s.Folder, rundir.AskedJournal), flock.SetPermissions(fs.FileMode(0o644)))
	if ok, err := hold.TryLock(); err != nil || !ok {
		s.log.Info("replies of this session are not stored", "folder", s.Folder, "why", err)
		return
	}
	s.hold, s.box.Keep, s.box.Journal = hold, s.Folder, rundir.AskedJournal
}

// Close ends the session. What was asked for is exported first, so that other sessions and runs need not ask it again.
func (s *Session) Close() (err error) {
	if s.with != nil {
		err = s.with.Close()
	}
	if s.dom != nil {
		err = errors.Join(err, s.dom.Close())
	}
	err = errors.Join(err, s.server.Close())
	if s.hold == nil {
		return errors.Join(err, s.box.Close())
	}
	err = errors.Join(err, s.box.ExportAsked(s.Folder), s.box.Close())
	return errors.Join(err, s.hold.Unlock())
}

func (s *Session) oneStep() bool { return knowledge.InOneStep(s.Recipe) }

// openServer opens the server whose vectors the run's sections are found by. The vectors of new questions are stored beside the other replies.
func (s *Session) openServer() (llm.Client, error) {
	if s.server == nil {
		servers := search.Servers(s.Recipe)
		if len(servers) == 0 {
			return nil, fmt.Errorf("pipeline: %s finds sections by a server, and its recipe names none: %w", s.Folder, checkpoint.ErrCorrupt)
		}
		s.server = &blackbox.Box{Config: servers[0].Config, Offline: s.box.Offline, Seed: s.box.Seed, Others: s.box.Others, Keep: s.box.Keep, Journal: rundir.AskedServer}
	}
	return s.server.Open(s.kernel, nil)
}

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

// Evaluate scores the run's systems on questions of the user's. They are answered as the recipe says, or in another way: eval.Choice or eval.Free.
func (s *Session) Evaluate(ctx context.Context, items []exam.Item, answer string) (*result.Summary, error) {
	if _, err := s.hash(all.Names()...); err != nil {
		return nil, err
	}
	cfg := s.Recipe.Eval
	if answer == eval.Choice {
		cfg.Judge = nil
	}
	cfg.Answer = cmp.Or(answer, cfg.Answer)
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
