package pipeline

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"slm/checkpoint"
	"slm/pipeline/rundir"
	"slm/stages"
)

func TestTrain_FinishedRunDoesNothingAndWritesNothing(t *testing.T) {
	job, made := chain(nil)
	job.Dir = t.TempDir()
	first := must(t, job, Choice{})
	if calls(made) != "1 1 1" || !slices.Equal(first.Ran, []string{"data", "dp", "kit"}) {
		t.Fatalf("first: %s %v", calls(made), first.Ran)
	}
	before := snapshot(t, job.Dir)
	m := deps()
	m.Kernel = nil // a call would panic
	p, err := New(job, Choice{})
	if err != nil || !p.Done() {
		t.Fatal(p, err)
	}
	second, err := p.Execute(context.Background(), m)
	if err != nil || len(second.Ran) != 0 || second.Done["kit"] != first.Done["kit"] || calls(made) != "1 1 1" {
		t.Fatalf("second: %+v %v", second, err)
	}
	if after := snapshot(t, job.Dir); after != before {
		t.Fatalf("files changed:\n%s\n%s", before, after)
	}
	if _, err := os.Stat(filepath.Join(job.Folder(), "work", "dp")); err == nil {
		t.Fatal("a finished stage's work area is still there")
	}
}

func TestTrain_EditedStageRerunsItAndThoseAfterItOnly(t *testing.T) {
	dir := t.TempDir()
	job, _ := chain(nil)
	job.Dir = dir
	must(t, job, Choice{})
	edited, made := chain(map[string]string{"dp": "x"})
	edited.Dir, edited.ID = dir, "fedcba9876543210"
	out := must(t, edited, Choice{})
	if calls(made) != "0 1 1" || !slices.Equal(out.Reused, []string{"data"}) {
		t.Fatalf("%s %+v", calls(made), out)
	}
	if err := checkpoint.Verify(filepath.Join(edited.Folder(), "data")); err != nil {
		t.Fatal("adopted checkpoint:", err)
	}
	a, _ := checkpoint.Load(filepath.Join(job.Folder(), "data"))
	b, _ := checkpoint.Load(filepath.Join(edited.Folder(), "data"))
	if a.Digest() != b.Digest() {
		t.Fatal("an adopted checkpoint has another digest")
	}
	if err := os.RemoveAll(job.Folder()); err != nil {
		t.Fatal(err)
	}
	if must(t, edited, Choice{}); calls(made) != "0 1 1" {
		t.Fatal("an adopted checkpoint depends on the run it came from")
	}
}

func TestTrain_GoesOnWhereItWasInterrupted(t *testing.T) {
	for _, stage := range []string{"data", "dp", "kit"} {
		for step := range 3 {
			job, made := chain(nil)
			job.Dir = t.TempDir()
			stop := errors.New("pulled the plug")
			made[stage].at = func(i int) error {
				if i == step {
					return stop
				}
				return nil
			}
			if _, err := execute(t, job, Choice{}); !errors.Is(err, stop) {
				t.Fatal(err)
			}
			made[stage].at = nil
			p, err := New(job, Choice{})
			if err != nil {
				t.Fatal(err)
			}
			if i := p.index(stage); step > 0 && p.Stages[i].Action != Resume {
				t.Fatalf("%s stopped at %d is planned as %+v", stage, step, p.Stages[i])
			}
			if _, err := p.Execute(context.Background(), deps()); err != nil {
				t.Fatal(err)
			}
			for name, f := range made {
				if f.counted != f.steps {
					t.Fatalf("%s stopped at %d: %s did %d steps for %d", stage, step, name, f.counted, f.steps)
				}
			}
		}
	}
}

func TestTrain_ResumeNeverAndFreshStartOver(t *testing.T) {
	job, made := chain(nil)
	job.Dir = t.TempDir()
	made["dp"].at = func(i int) error {
		if i == 2 && made["dp"].calls == 1 {
			return errors.New("stop")
		}
		return nil
	}
	if _, err := execute(t, job, Choice{}); err == nil {
		t.Fatal("not stopped")
	}
	must(t, job, Choice{NoResume: true})
	if made["dp"].counted != 2+3 || made["data"].calls != 1 {
		t.Fatalf("--resume never: dp did %d steps, data was called %d times", made["dp"].counted, made["data"].calls)
	}
	must(t, job, Choice{Fresh: true})
	if calls(made) != "2 3 2" {
		t.Fatalf("--fresh: %s", calls(made))
	}
}

func TestTrain_WorkOfAnotherRecipeIsNotUsed(t *testing.T) {
	job, made := chain(nil)
	job.Dir = t.TempDir()
	made["dp"].at = func(i int) error {
		if i == 2 {
			return errors.New("stop")
		}
		return nil
	}
	if _, err := execute(t, job, Choice{}); err == nil {
		t.Fatal("not stopped")
	}
	other, made := chain(map[string]string{"dp": "other"})
	other.Dir = job.Dir
	must(t, other, Choice{})
	if made["dp"].counted != 3 {
		t.Fatalf("did %d steps of 3", made["dp"].counted)
	}
}

func TestTrain_FromAlwaysRunsItsStage(t *testing.T) {
	job, made := chain(nil)
	job.Dir = t.TempDir()
	must(t, job, Choice{})
	p, err := New(job, Choice{From: "dp"})
	if err != nil {
		t.Fatal(err)
	}
	if p.Stages[0].Action != Reuse || p.Stages[1].Action != Run || p.Stages[2].Action != Depend {
		t.Fatalf("%+v", p.Stages)
	}
	if _, err := p.Execute(context.Background(), deps()); err != nil {
		t.Fatal(err)
	}
	if calls(made) != "1 2 1" {
		t.Fatalf("same digest: %s", calls(made))
	}
	made["dp"].text = "a model that came out differently"
	must(t, job, Choice{From: "dp"})
	if calls(made) != "1 3 2" {
		t.Fatalf("another digest: %s", calls(made))
	}
}

func TestTrain_OnlyAndUntilChooseStages(t *testing.T) {
	job, made := chain(nil)
	job.Dir = t.TempDir()
	if _, err := execute(t, job, Choice{Only: "dp"}); !errors.Is(err, checkpoint.ErrMissing) {
		t.Fatal("--only without its parent:", err)
	}
	must(t, job, Choice{Until: "dp"})
	if calls(made) != "1 1 0" {
		t.Fatal(calls(made))
	}
	must(t, job, Choice{Only: "kit"})
	if calls(made) != "1 1 1" {
		t.Fatal(calls(made))
	}
	for _, c := range []Choice{{Only: "kti"}, {Only: "dp", Until: "kit"}, {From: "kit", Until: "dp"}, {Only: "dp", From: "kit"}} {
		if _, err := New(job, c); !errors.Is(err, rundir.ErrUsage) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

func TestTrain_DamagedCheckpointIsMadeAgainAndANewerOneRefused(t *testing.T) {
	job, made := chain(nil)
	job.Dir = t.TempDir()
	must(t, job, Choice{})
	if err := os.Remove(filepath.Join(job.Folder(), "dp", "result.txt")); err != nil {
		t.Fatal(err)
	}
	must(t, job, Choice{})
	if calls(made) != "1 2 1" {
		t.Fatal(calls(made))
	}
	manifest := filepath.Join(job.Folder(), "dp", checkpoint.ManifestName)
	text, err := os.ReadFile(manifest)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(manifest, []byte(strings.Replace(string(text), `"version": 2`, `"version": 99`, 1)), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := New(job, Choice{}); !errors.Is(err, checkpoint.ErrNewer) {
		t.Fatal(err)
	}
}

func TestTrain_SecondProcessIsToldWhoHoldsTheRun(t *testing.T) {
	job, made := chain(nil)
	job.Dir = t.TempDir()
	var inner error
	made["dp"].at = func(int) error {
		if inner == nil {
			_, inner = execute(t, job, Choice{})
			if by, locked := rundir.Locked(job.Folder()); !locked || !strings.Contains(by, "process") {
				t.Errorf("Locked: %q %v", by, locked)
			}
		}
		return nil
	}
	must(t, job, Choice{})
	if !errors.Is(inner, rundir.ErrLocked) || !strings.Contains(inner.Error(), "process ") {
		t.Fatal(inner)
	}
	if _, locked := rundir.Locked(job.Folder()); locked {
		t.Fatal("the lock outlives its run")
	}
}

func TestTrain_CancelledRunKeepsItsCauseAndItsState(t *testing.T) {
	job, made := chain(nil)
	job.Dir = t.TempDir()
	ctx, cancel := context.WithCancelCause(context.Background())
	why := errors.New("a signal")
	made["dp"].at = func(i int) error {
		if i == 1 {
			cancel(why)
		}
		return nil
	}
	p, err := New(job, Choice{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Execute(ctx, deps()); !errors.Is(err, why) {
		t.Fatal(err)
	}
	must(t, job, Choice{})
	if made["dp"].counted != 3 || made["data"].calls != 1 {
		t.Fatalf("%+v", made["dp"])
	}
}

func TestTrain_WhatAStageLacksIsKnownBeforeAnythingRuns(t *testing.T) {
	job, made := chain(nil)
	job.Dir = t.TempDir()
	made["kit"].lacks = errors.New("no weights")
	if _, err := execute(t, job, Choice{}); !errors.Is(err, made["kit"].lacks) || !strings.Contains(err.Error(), "kit: no weights") || calls(made) != "0 0 0" {
		t.Fatalf("%v, calls %s", err, calls(made))
	}
	made["kit"].lacks = nil
	must(t, job, Choice{})
	made["kit"].lacks = errors.New("no weights")
	if must(t, job, Choice{}); calls(made) != "1 1 1" { // a finished stage needs nothing
		t.Fatal(calls(made))
	}
}

func TestTrain_PanicInAStageIsAnError(t *testing.T) {
	job, made := chain(nil)
	job.Dir = t.TempDir()
	made["dp"].at = func(int) error { panic("index out of range") }
	if _, err := execute(t, job, Choice{}); err == nil || !strings.Contains(err.Error(), "internal error: index out of range") {
		t.Fatal(err)
	}
}

func TestTrain_StageThatWritesAnotherFingerprintIsNotBelieved(t *testing.T) {
	job, made := chain(nil)
	job.Dir = t.TempDir()
	must(t, job, Choice{})
	job.Steps[1].Stage, job.Steps[1].Format = idle{made["dp"]}, 2
	if _, err := execute(t, job, Choice{}); err == nil || !strings.Contains(err.Error(), "fingerprint") {
		t.Fatal(err)
	}
}

// idle writes nothing.
type idle struct{ *fake }

func (idle) Run(context.Context, *stages.Env) error { return nil }

func TestEvents_AreWholeLinesThatGoOnAfterAKill(t *testing.T) {
	job, _ := chain(nil)
	job.Dir = t.TempDir()
	must(t, job, Choice{Until: "data"})
	path := filepath.Join(job.Folder(), "events.jsonl")
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(`{"v":1,"type":"st`); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	must(t, job, Choice{})
	f, err = os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	types, broken := map[string]int{}, 0
	for s := bufio.NewScanner(f); s.Scan(); {
		var e stages.Event
		if !rundir.EventIsWhole(s.Bytes()) || json.Unmarshal(s.Bytes(), &e) != nil {
			broken++
			continue
		}
		if e.V != rundir.EventVersion || e.T == "" {
			t.Errorf("%s", s.Text())
		}
		types[e.Type]++
	}
	if broken != 0 || types["step"] != 9 || types["checkpoint"] != 3 || types["exit"] != 2 || types["stage"] != 4 {
		t.Fatalf("%d broken, %v", broken, types)
	}
}

func TestFind_RunIsFoundByFolderNameOrItsBeginning(t *testing.T) {
	job, _ := chain(nil)
	job.Dir = t.TempDir()
	must(t, job, Choice{})
	for _, name := range []string{job.Folder(), "t-01234567", "t"} {
		if got, err := rundir.Find(job.Dir, name); err != nil || got != job.Folder() {
			t.Errorf("%s: %s %v", name, got, err)
		}
	}
	if _, err := rundir.Find(job.Dir, "x"); !errors.Is(err, checkpoint.ErrMissing) {
		t.Error(err)
	}
	job.ID = "9999999999"
	must(t, job, Choice{Until: "data"})
	if _, err := rundir.Find(job.Dir, "t-"); !errors.Is(err, rundir.ErrUsage) {
		t.Error(err)
	}
	runs, err := rundir.List(job.Dir)
	if err != nil || len(runs) != 2 || len(runs[0].Done) != 3 || !slices.Equal(runs[1].Missing, []string{"dp", "kit"}) {
		t.Errorf("%+v %v", runs, err)
	}
}

// snapshot is every file's name and time of change below dir.
func snapshot(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
		if err == nil {
			b.WriteString(path + " " + info.ModTime().String() + "\n")
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestTrain_DamagedCheckpointIsNotBuiltOn(t *testing.T) {
	job, made := chain(nil)
	job.Dir = t.TempDir()
	must(t, job, Choice{})
	path := filepath.Join(job.Folder(), "dp", "result.txt")
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	put(t, path, []byte("dP")) // of the same size
	edited, again := chain(map[string]string{"kit": "x"})
	edited.Dir = job.Dir
	if _, err := execute(t, edited, Choice{Only: "kit"}); !errors.Is(err, checkpoint.ErrCorrupt) || !strings.Contains(err.Error(), "result.txt") {
		t.Fatal(err)
	}
	out := must(t, edited, Choice{})
	if calls(again) != "0 1 1" || !slices.Equal(out.Ran, []string{"dp", "kit"}) || calls(made) != "1 1 1" {
		t.Fatalf("%s %+v", calls(again), out)
	}
	if now, err := os.ReadFile(path); err != nil || !bytes.Equal(now, whole) {
		t.Fatalf("%s %v", now, err)
	}
}

func TestReport_WhatAKilledOneLeavesIsRemovedByTheNextCommand(t *testing.T) {
	job, _ := chain(nil)
	job.Dir = t.TempDir()
	must(t, job, Choice{})
	left := filepath.Join(job.Folder(), "."+rundir.ReportFile+".tmp-123")
	put(t, left, nil)
	must(t, job, Choice{})
	if _, err := os.Stat(left); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("still there: %v", err)
	}
}

func put(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o666); err != nil {
		t.Fatal(err)
	}
}
