// Package session is a run opened for use: asked, or scored on other questions.
package session

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"

	"slm/checkpoint"
	"slm/data/exam"
	"slm/llm"
	"slm/model/decode"
	"slm/model/kernel"
	"slm/pipeline/blackbox"
	"slm/pipeline/recipe"
	"slm/pipeline/rundir"
	"slm/result"
	"slm/stages"
	"slm/stages/bpo"
	"slm/stages/domain"
	"slm/stages/eval"
	"slm/stages/kit"
	"slm/stages/knowledge"
)

// Session is a run opened for use: asked, or scored on other questions. It changes no checkpoint; the LLM's replies are stored beside them.
type Session struct {
	Folder  string
	Recipe  *recipe.Loaded
	Trial   string // of the prompt search, whose prompt is used instead of the one that was found: "17", "random/3"; empty = that one
	kernel  kernel.Backend
	box     *blackbox.Box
	speaker *knowledge.Speaker
	soft    []float32 // prompt that the search has found, or that of Trial
	hold    *flock.Flock
	log     *slog.Logger
	now     func() time.Time
	emit    func(stages.Event)
}

// Open opens a run's folder. view may be nil.
func Open(folder string, be kernel.Backend, offline bool, view rundir.Viewer, log *slog.Logger, now func() time.Time) (*Session, error) {
	r, err := recipe.Load(recipe.Source{Name: filepath.Join(folder, rundir.RecipeFile)})
	if err != nil {
		return nil, err
	}
	emit := func(e stages.Event) {
		if view != nil {
			view.Event(e)
		}
	}
	s := &Session{Folder: folder, Recipe: r, kernel: be, log: log, now: now, emit: emit}
	s.box = &blackbox.Box{Config: r.LLM, Offline: offline, Seed: r.Seed, Others: filepath.Dir(filepath.Dir(folder))}
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
func (s *Session) Close() error {
	if s.hold == nil {
		return s.box.Close()
	}
	err := errors.Join(s.box.ExportAsked(s.Folder), s.box.Close())
	return errors.Join(err, s.hold.Unlock())
}

func (s *Session) oneStep() bool { return s.Recipe.Stages.KIT.Knowledge == kit.OneStep }

// Answer is what ask found.
type Answer struct {
	Question  string    `json:"question"`
	Place     string    `json:"place"`  // as the small model named it
	Source    string    `json:"source"` // where the corpus has it; empty when it has no such place
	Knowledge string    `json:"knowledge"`
	Verified  bool      `json:"verified"`        // the knowledge stands in the corpus at that place, word for word
	Reply     string    `json:"reply,omitempty"` // the LLM's
	Choice    *int      `json:"choice,omitempty"`
	Scores    []float64 `json:"scores,omitempty"` // of the choices, log-likelihood per token
	LLM       string    `json:"llm,omitempty"`
}

// replyTokens is the longest free reply of the black box. // tokens
const replyTokens = 160

// Know asks the small model. It uses the newest model the run has and, when it has one, the prompt that was found for it.
func (s *Session) Know(ctx context.Context, question string) (*Answer, error) {
	if err := s.load(); err != nil {
		return nil, err
	}
	pieces, err := s.speaker.Say(ctx, []string{question}, s.soft)
	if err != nil {
		return nil, err
	}
	piece := pieces[0]
	a := &Answer{Question: question, Place: piece.Place, Knowledge: piece.Text, Verified: piece.Verified}
	if sec, ok := s.speaker.SectionAt(piece.Place); ok {
		a.Source = sec.Source
	}
	return a, nil
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

// load opens the small model once.
func (s *Session) load() error {
	if s.speaker != nil {
		return nil
	}
	there, err := s.hash(stages.Data, stages.DP, stages.KIT, stages.BPO)
	if err != nil {
		return err
	}
	newest := stages.KIT
	if !there[newest] {
		newest = stages.DP
	}
	if !there[newest] {
		return fmt.Errorf("pipeline: %s has no model yet: %w", s.Folder, checkpoint.ErrMissing)
	}
	dom, err := domain.Open(filepath.Join(s.Folder, stages.Data))
	if err != nil {
		return err
	}
	params, err := domain.LoadModel(filepath.Join(s.Folder, newest))
	if err != nil {
		return err
	}
	if there[stages.BPO] {
		if s.soft, err = domain.LoadPrompt(filepath.Join(s.Folder, stages.BPO)); err != nil {
			return err
		}
	}
	if s.Trial != "" {
		if !there[stages.BPO] {
			return fmt.Errorf("pipeline: %s has searched no prompts yet: %w", s.Folder, checkpoint.ErrMissing)
		}
		if s.soft, err = bpo.PromptOf(filepath.Join(s.Folder, stages.BPO), s.Trial, s.Recipe.Stages.BPO.Soft, dom.Tokenizer, params, s.Recipe.Seed); err != nil {
			return err
		}
	}
	s.speaker = knowledge.New(decode.New(params, s.kernel), dom, s.oneStep())
	s.speaker.TextTokens = s.Recipe.Eval.Knowledge
	return nil
}

// Reply asks the black box with what the small model knows: to choose when there are choices, else to answer freely.
func (s *Session) Reply(ctx context.Context, a *Answer, choices []string) error {
	client, err := s.box.Open(s.kernel, nil)
	if err != nil {
		return err
	}
	a.LLM = client.Info().Model
	if len(choices) > 0 {
		picked, err := llm.Answer(ctx, client, s.Recipe.LLM.Answer, []llm.Question{{Knowledge: a.Knowledge, Question: a.Question, Choices: choices}})
		if err != nil {
			return err
		}
		c := picked[0]
		a.Choice, a.Scores = &c.Index, c.Scores
		if c.Index >= 0 {
			a.Reply = choices[c.Index]
		}
		return nil
	}
	prompt := "Question: " + strings.TrimSpace(a.Question) + "\nAnswer in one or two sentences."
	if a.Knowledge != "" {
		prompt = a.Knowledge + "\n\n" + prompt
	}
	replies, err := client.Do(ctx, []llm.Request{{Prompt: prompt, MaxTokens: replyTokens, Chat: true}})
	if err != nil {
		return err
	}
	a.Reply = strings.TrimSpace(replies[0].Text)
	return nil
}

// Evaluate scores the run's systems on questions of the user's.
func (s *Session) Evaluate(ctx context.Context, items []exam.Item) (*result.Summary, error) {
	if _, err := s.hash(rundir.Order...); err != nil {
		return nil, err
	}
	env := &stages.Env{
		Run: s.Folder, Seed: s.Recipe.Seed, Kernel: s.kernel, LLM: s.box.Client(s.kernel), Replies: s.box.Replies,
		Answer: s.Recipe.LLM.Answer, Emit: s.emit, Log: s.log, Now: s.now,
	}
	sum, _, err := eval.New(s.Recipe.Eval, s.oneStep()).Items(ctx, env, items)
	return sum, err
}
