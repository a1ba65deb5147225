// Package stages holds the contract of a stage and what every stage shares. A stage reads the checkpoints of those before it and
// writes one of its own; it never imports another stage, so what passes between them is always a checkpoint on disk.
//
// It is not the pipeline: which stages run, in which order and whether an old checkpoint serves is decided by package pipeline.
package stages

import (
	"context"
	"log/slog"
	"path/filepath"
	"time"

	"slm/checkpoint"
	"slm/internal/ranks"
	"slm/llm"
	"slm/model/kernel"
)

// Names of the stages and of their folders in a run, in the order in which they run.
const (
	Data   = "data"
	DP     = "dp"
	KIT    = "kit"
	RFT    = "rft"
	Reason = "reason"
	Find   = "find"
	BPO    = "bpo"
	Eval   = "eval"
	Task   = "task"
)

// Stage is one step of a run. All have the same shape: configuration in at construction, checkpoints in, one checkpoint out.
type Stage interface {
	// Name is the stage's folder in the run.
	Name() string
	// Run writes the stage's checkpoint. It is called only when no valid checkpoint of this fingerprint exists; it goes on from
	// what an earlier, interrupted call left in Env.Work, and returns soon after ctx is cancelled, with its state saved.
	Run(ctx context.Context, env *Env) error
}

// Checker is a stage that can tell from the data alone that it would fail, so that nothing is trained in front of it for nothing.
type Checker interface {
	// Check reads the checkpoint of the stage data in a folder, and what the stage reads from outside the run.
	Check(data string) error
}

// Equipped is a stage that needs something of the machine: that it is not there is known before anything is trained.
type Equipped interface {
	// Ready says what is missing. It is called only when the stage will run.
	Ready() error
}

// Env is what a stage is given.
type Env struct {
	Run          string            // the run's folder
	Seed         uint64            // of the recipe
	Fingerprint  string            // of this stage, for its manifest
	Parents      map[string]string // digests of the checkpoints it reads, by stage
	Versions     map[string]string // of the program, for the manifest
	Kernel       kernel.Backend
	Ranks        *ranks.Team                                   // who trains with this process, which is rank 0; nil = nobody
	LLM          func(ctx context.Context) (llm.Client, error) // the run's black box, opened at first use and shared by its stages
	Replies      func(path string) error                       // exports every reply that the run has stored so far as an Arrow file
	Other        func(name string) (llm.Client, error)         // a black box that the stage's Def lists, opened at first use
	OtherReplies func(name, path string) error                 // Replies, of that one
	Answer       string                                        // how the black box is asked: cloze or letter
	Context      int                                           // of the recipe's model, tokens; for warnings, since it is in no fingerprint of data. 0 = not known
	Beside       []string                                      // folders of other runs, whose finished work a stage may go on from
	// Rung is told of each measurement of a training but the last, and ends the training by an error: the state is saved, and the stage returns the error.
	// A training that is resumed tells of those before, too. nil = nobody asks.
	Rung func(Rung) error
	Emit func(Event)
	Log  *slog.Logger
	Now  func() time.Time
}

// Rung is a measurement of the held-out loss before the end of a training.
type Rung struct {
	Stage    string
	Step, Of int   // optimiser steps, done and of the whole training
	Tokens   int64 // targets trained so far
	HeldOut  float64
}

// Dir is the folder of a stage's checkpoint.
func (e *Env) Dir(stage string) string { return filepath.Join(e.Run, stage) }

// Tuned is the folder of the checkpoint whose model a stage goes on from: the latest that trains, among its parents.
func (e *Env) Tuned() string {
	for _, stage := range []string{RFT, KIT} {
		if _, ok := e.Parents[stage]; ok {
			return e.Dir(stage)
		}
	}
	return e.Dir(DP)
}

// Work is the folder for what a stage needs to go on after an interruption. It is removed once the checkpoint is written.
func (e *Env) Work(stage string) string { return filepath.Join(e.Run, "work", stage) }

// Client opens the black box for a stage. Replies are remembered as used by its work: by what the stage is made from.
func (e *Env) Client(ctx context.Context, stage string) (llm.Client, error) {
	client, err := e.LLM(ctx)
	if err != nil {
		return nil, err
	}
	llm.Label(client, stage, e.Fingerprint, e.Parents)
	return client, nil
}

// OtherClient opens a black box of the stage's own, as Client does the run's.
func (e *Env) OtherClient(name, stage string) (llm.Client, error) {
	client, err := e.Other(name)
	if err != nil {
		return nil, err
	}
	llm.Label(client, stage, e.Fingerprint, e.Parents)
	return client, nil
}

// Manifest starts the manifest of a stage's checkpoint.
func (e *Env) Manifest(stage string) *checkpoint.Manifest {
	m := &checkpoint.Manifest{
		Stage: stage, Fingerprint: e.Fingerprint, Parents: e.Parents, Seed: e.Seed, Versions: e.Versions,
		Counters: map[string]int64{}, Facts: map[string]string{}, Created: e.Now().UTC().Format(time.RFC3339Nano),
	}
	if e.Kernel != nil {
		m.Numerics, m.Kernel = string(e.Kernel.Class()), e.Kernel.Name()
	}
	return m
}

// Event is one line of events.jsonl. Fields that do not apply to its type are left out.
type Event struct {
	V       int     `json:"v"`
	T       string  `json:"t"`             // RFC 3339; set by the pipeline
	Type    string  `json:"type"`          // estimate, stage, step, llm, trial, checkpoint, warning, exit
	Run     string  `json:"run,omitempty"` // of an experiment: the variant and the seed
	Stage   string  `json:"stage,omitempty"`
	Phase   string  `json:"phase,omitempty"` // part of a stage, such as "filter" in kit
	Step    int     `json:"step,omitempty"`
	Of      int     `json:"of,omitempty"`
	Loss    float64 `json:"loss,omitempty"`
	HeldOut float64 `json:"held_out,omitempty"`
	LR      float64 `json:"lr,omitempty"`
	Tokens  int64   `json:"tokens,omitempty"`
	TokS    float64 `json:"tok_s,omitempty"`
	ETA     float64 `json:"eta_s,omitempty"`  // seconds until the end of what Step counts
	Left    float64 `json:"left_s,omitempty"` // seconds until the end of the run; set by the pipeline, where it is known
	Whole   bool    `json:"-"`                // ETA is of the whole stage, whatever its phase
	Score   float64 `json:"score,omitempty"`
	Best    float64 `json:"best,omitempty"`
	Items   int     `json:"items,omitempty"` // questions that a trial was scored on
	Calls   int     `json:"calls,omitempty"`
	USD     float64 `json:"usd,omitempty"`
	Seconds float64 `json:"seconds,omitempty"`
	Memory  uint64  `json:"memory,omitempty"` // bytes, the peak so far
	Ranks   int     `json:"ranks,omitempty"`  // that train together; left out where it is one
	Sent    int64   `json:"sent,omitempty"`   // bytes, by all ranks so far
	Path    string  `json:"path,omitempty"`
	Code    int     `json:"code,omitempty"`
	Message string  `json:"message,omitempty"`
}
