package session

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"slm/checkpoint"
	"slm/llm"
	"slm/pipeline"
	"slm/pipeline/audit"
	"slm/pipeline/blackbox"
	"slm/pipeline/recipe"
	"slm/pipeline/rundir"
	"slm/pipeline/runtest"
	"slm/stages"
	"slm/stages/bpo"
	"slm/stages/systems"
)

func TestMain(m *testing.M) { os.Exit(runtest.Main(m)) }

// use opens the tiny run for asking.
func use(t *testing.T, folder string, offline bool) *Session {
	t.Helper()
	s, err := Open(folder, Options{Kernel: runtest.Kernel(), Offline: offline, Log: slog.New(slog.DiscardHandler), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSession_WhatItHasBoughtIsAnsweredOffline(t *testing.T) {
	folder := runtest.Tiny(t)
	ctx := context.Background()
	ask := func(s *Session, question string) (*Answer, error) {
		t.Helper()
		a, err := s.Ask(ctx, Question{Text: question, Choices: []string{"Redistribution and use", "Nothing at all"}})
		if a == nil {
			t.Fatal(err)
		}
		return a, err
	}
	const question = "What does section 1 of Apache-2.0 say?"
	before := use(t, folder, true)
	if _, err := ask(before, question); !errors.Is(err, llm.ErrOffline) {
		t.Fatalf("before anything was bought: %v", err)
	}
	if err := before.Close(); err != nil { // open, it would keep the place where replies are stored
		t.Fatal(err)
	}
	first := use(t, folder, false)
	want, err := ask(first, question)
	if err != nil || want.Choice == nil {
		t.Fatalf("%+v, %v", want, err)
	}
	second := use(t, folder, false) // beside the first: it keeps its replies in memory
	if _, err := ask(second, question); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(second.Close(), first.Close()); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{rundir.AskedFolder, rundir.AskedJournal, rundir.AskedFolder} { // at last what was exported is alone
		third := use(t, folder, true)
		got, err := ask(third, question)
		if err != nil || *got.Choice != *want.Choice || got.Knowledge != want.Knowledge {
			t.Errorf("offline: %+v, %v", got, err)
		}
		if err := third.Close(); err != nil {
			t.Error(err)
		}
		if v, err := audit.Verify(folder); err != nil || !v.OK || len(v.Notes) > 0 {
			t.Errorf("%+v", v)
		}
		if err := os.RemoveAll(filepath.Join(folder, file)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestSession_WholeRunIsRepeatedOfflineFromItsArrowFiles(t *testing.T) {
	folder := runtest.Tiny(t)
	if err := os.Remove(filepath.Join(folder, rundir.RepliesFile)); err != nil {
		t.Fatal(err)
	}
	r, err := recipe.Load(recipe.Source{Name: filepath.Join(folder, rundir.RecipeFile)})
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Dir(filepath.Dir(folder))
	before := rundir.Look(folder)
	job, err := pipeline.Build(r, dir, runtest.Kernel().Class(), map[string]string{"slm": "test"}, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	p, err := pipeline.New(job, pipeline.Choice{From: stages.KIT})
	if err != nil {
		t.Fatal(err)
	}
	deps := runtest.Deps()
	deps.Box = &blackbox.Box{Config: r.LLM, Seed: r.Seed, Keep: p.Folder(), Others: dir, Offline: true}
	out, err := p.Execute(context.Background(), deps)
	if err := errors.Join(err, deps.Box.Close()); err != nil {
		t.Fatal(err)
	}
	if p.Folder() != folder || len(out.Ran) == 0 {
		t.Fatalf("ran %v in %s, not in %s", out.Ran, p.Folder(), folder)
	}
	for stage, digest := range before.Done {
		if out.Done[stage] != digest {
			t.Errorf("%s ends in another digest", stage)
		}
	}
}

func TestSession_AnyTrialOfTheSearchCanBeAskedWith(t *testing.T) {
	folder := runtest.Tiny(t)
	const question = "What does section 1 of Apache-2.0 say?"
	know := func(trial string) (*Answer, error) {
		s := use(t, folder, true)
		s.Trial = trial
		a, err := s.Ask(context.Background(), Question{Text: question, Silent: true})
		return a, errors.Join(err, s.Close())
	}
	for _, trial := range []string{"0", "1", "3", "random/1", "cma/1", "text/1"} {
		if a, err := know(trial); err != nil || a.Question != question {
			t.Errorf("trial %s: %+v, %v", trial, a, err)
		}
	}
	for _, trial := range []string{"4", "random/999", "nobody/1", "x"} {
		if _, err := know(trial); !errors.Is(err, bpo.ErrTrial) {
			t.Errorf("trial %s: %v", trial, err)
		}
	}
	if err := os.RemoveAll(filepath.Join(folder, stages.BPO)); err != nil {
		t.Fatal(err)
	}
	if _, err := know("1"); !errors.Is(err, checkpoint.ErrMissing) {
		t.Errorf("without a search: %v", err)
	}
}

func TestSession_DamagedRunIsNotAsked(t *testing.T) {
	run := runtest.Tiny(t)
	flip := func(name string, at int64) {
		t.Helper()
		path := filepath.Join(run, filepath.FromSlash(name))
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		data[(at+int64(len(data)))%int64(len(data))] ^= 1
		if err := os.WriteFile(path, data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	flip("eval/replies.arrow", 2000)
	flip("kit/weights.arrow", 4000)
	s := use(t, run, true)
	defer func() { _ = s.Close() }()
	if _, err := s.Ask(context.Background(), Question{Text: "What?"}); !errors.Is(err, checkpoint.ErrCorrupt) || !strings.Contains(err.Error(), "weights.arrow") {
		t.Error(err)
	}
	if _, err := s.Evaluate(context.Background(), nil, ""); !errors.Is(err, checkpoint.ErrCorrupt) {
		t.Error(err)
	}
	if err := os.Remove(filepath.Join(run, rundir.ReportFile)); err != nil {
		t.Fatal(err)
	}
	if _, err := pipeline.Report(run); !errors.Is(err, checkpoint.ErrCorrupt) {
		t.Error(err)
	}
}

func TestSession_RunOfAnOlderProgramIsAsked(t *testing.T) {
	s := use(t, runtest.Old(t), false)
	a, err := s.Ask(context.Background(), Question{Text: "What says 2 of Apache-2.0 license?", Choices: []string{"Redistribution and use", "Nothing at all"}})
	if err != nil || a.Choice == nil || a.System != systems.Checked || a.Place == "" || !a.InCorpus || a.Origin != systems.Asked {
		t.Errorf("%+v, %v", a, err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
