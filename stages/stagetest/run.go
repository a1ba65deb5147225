package stagetest

import (
	"errors"
	"log/slog"
	"testing"
	"time"

	"slm/model/kernel"
	"slm/stages"
)

// Run is a run's surroundings with what is emitted there.
type Run struct {
	*stages.Env
	Events []stages.Event
	OnStep func(step int) // called with each step; nil = not
}

// NewRun is a new run on a kernel. Where the machine lacks that kernel, the test is skipped.
func NewRun(t *testing.T, backend string) *Run {
	t.Helper()
	be, err := kernel.Open(backend)
	if errors.Is(err, kernel.ErrNoOneDNN) || errors.Is(err, kernel.ErrNoAMX) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	r := &Run{}
	r.Env = &stages.Env{
		Run: t.TempDir(), Seed: 7, Fingerprint: "f", Kernel: be, Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return time.Unix(0, 0) },
		Emit: func(e stages.Event) {
			r.Events = append(r.Events, e)
			if e.Type == "step" && r.OnStep != nil {
				r.OnStep(e.Step)
			}
		},
	}
	return r
}

// Env is a new run on the plain kernel, without its events.
func Env(t *testing.T) *stages.Env {
	t.Helper()
	return NewRun(t, "go").Env
}

// FirstStep is the first step that was trained; 0 when none was.
func (r *Run) FirstStep() int {
	for _, e := range r.Events {
		if e.Type == "step" {
			return e.Step
		}
	}
	return 0
}

// Warnings are the events that warn.
func (r *Run) Warnings() (out []stages.Event) {
	for _, e := range r.Events {
		if e.Type == "warning" {
			out = append(out, e)
		}
	}
	return out
}
