package pipeline

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"slm/llm"
	"slm/pipeline/recipe"
	"slm/stages"
)

// use opens the tiny run for asking.
func use(t *testing.T, folder string, offline bool) *Session {
	t.Helper()
	s, err := OpenRun(folder, tiny.be, offline, nil, slog.New(slog.DiscardHandler), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestWhatASessionHasBoughtIsAnsweredOffline(t *testing.T) {
	folder := tinyRun(t)
	ctx := context.Background()
	ask := func(s *Session, question string) (*Answer, error) {
		t.Helper()
		a, err := s.Know(ctx, question)
		if err != nil {
			t.Fatal(err)
		}
		return a, s.Reply(ctx, a, []string{"Redistribution and use", "Nothing at all"})
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
	for _, file := range []string{askedFolder, askedJournal, askedFolder} { // at last what was exported is alone
		third := use(t, folder, true)
		got, err := ask(third, question)
		if err != nil || *got.Choice != *want.Choice || got.Knowledge != want.Knowledge {
			t.Errorf("offline: %+v, %v", got, err)
		}
		if err := third.Close(); err != nil {
			t.Error(err)
		}
		if v := verified(t, folder); !v.OK || len(v.Notes) > 0 {
			t.Errorf("%+v", v)
		}
		if err := os.RemoveAll(filepath.Join(folder, file)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAWholeRunIsRepeatedOfflineFromItsArrowFiles(t *testing.T) {
	folder := tinyRun(t)
	if err := os.Remove(filepath.Join(folder, repliesName)); err != nil {
		t.Fatal(err)
	}
	r, err := recipe.Load(recipe.Source{Name: filepath.Join(folder, recipeName)})
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Dir(filepath.Dir(folder))
	before := Look(folder)
	job, err := Build(r, dir, tiny.be.Name(), map[string]string{"slm": "test"}, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	p, err := New(job, Choice{From: stages.KIT})
	if err != nil {
		t.Fatal(err)
	}
	means := realMeans(tiny.be)
	means.Box = &BlackBox{Config: r.LLM, Seed: r.Seed, Keep: p.Folder(), Others: dir, Offline: true}
	out, err := p.Execute(context.Background(), means)
	if err := errors.Join(err, means.Box.Close()); err != nil {
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
