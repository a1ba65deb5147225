package ablate

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"slm/checkpoint"
	"slm/model/kernel"
	"slm/pipeline"
	"slm/pipeline/recipe"
	"slm/pipeline/rundir"
	"slm/pipeline/runtest"
	"slm/pipeline/study"
	"slm/stages"
)

// onWait is a viewer that is told that an experiment waits for a run.
type onWait func(stages.Event)

func (f onWait) Event(e stages.Event) {
	if e.Type == "warning" && strings.Contains(e.Message, "waiting") {
		f(e)
	}
}

// runFolder is one that is there.
func runFolder(t *testing.T, path string) string {
	t.Helper()
	if err := checkpoint.MakeDir(path); err != nil {
		t.Fatal(err)
	}
	return path
}

func (onWait) Close() {}

func TestExecute_WaitsForARunThatAnotherProcessWorksOnAndDoesNothingTwice(t *testing.T) {
	dir := t.TempDir()
	p := planned(t, dir, Spec{Drop: []string{"bpo"}})
	base := p.Members[0]
	held, err := rundir.TakeLock(runFolder(t, base.Run()))
	if err != nil {
		t.Fatal(err)
	}
	waits := 0
	view := onWait(func(e stages.Event) { // the other process ends its run as soon as this one waits
		if waits++; e.Run != base.Name() || !strings.Contains(e.Message, "locked by process") {
			t.Errorf("%+v", e)
		}
		boxes, err := study.OpenBoxes(dir, dir, p.Base.Seed, false, []*recipe.Loaded{base.recipe})
		if err != nil {
			t.Error(err)
		}
		_, err = base.plan.Execute(context.Background(), pipeline.Deps{Kernel: func() (kernel.Backend, error) { return runtest.Kernel(), nil }, Box: boxes.Of(0), Log: slog.New(slog.DiscardHandler), Now: time.Now, Lock: held})
		if err = errors.Join(err, boxes.Close()); err != nil {
			t.Error(err)
		}
	})
	_, err = p.Execute(context.Background(), site(dir), study.How{View: view, Log: slog.New(slog.DiscardHandler)})
	if err != nil || waits != 1 {
		t.Fatalf("waited %d times, %v", waits, err)
	}
	for _, e := range story(t, p.Path()) {
		if e.Type == "checkpoint" && e.Run == base.Name() {
			t.Errorf("made again: %+v", e)
		}
	}
	if again := planned(t, dir, Spec{Drop: []string{"bpo"}}); !again.Done() {
		t.Error("the experiment is not done")
	}
}

func TestHold_AStopEndsTheWaitAndGivesEveryRunBack(t *testing.T) {
	dir := t.TempDir()
	p := planned(t, dir, Spec{Drop: []string{"bpo", "kit"}})
	held, err := rundir.TakeLock(runFolder(t, p.Members[1].Run()))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = held.Release() }()
	ctx, stop := context.WithCancelCause(context.Background())
	_, err = p.hold(ctx, func(stages.Event) { stop(io.EOF) })
	if !errors.Is(err, io.EOF) || errors.Is(err, rundir.ErrLocked) {
		t.Errorf("%v", err)
	}
	for _, i := range []int{0, 2} {
		if by, locked := rundir.Locked(p.Members[i].Run()); locked {
			t.Errorf("%s is locked by %s", p.Members[i].Name(), by)
		}
	}
}
