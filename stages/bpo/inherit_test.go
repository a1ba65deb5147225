package bpo

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"slm/checkpoint"
	"slm/data/exam"
	"slm/optim/bayes"
	"slm/rng"
	"slm/stages"
)

// finishedSearch is the folder of a finished search, and the search.
func finishedSearch(t *testing.T, w *duo, from *inheritance) (string, *search) {
	t.Helper()
	s := w.searchFrom(t, settings(), "", from)
	out := run(t, s)
	env := testEnv(t)
	if err := commit(env, settings(), s, out, NewProjection(Soft{Tokens: 5, Dim: 2, Scale: 1}, []float32{-0.1, 0.1}, 8, rng.New(1)), "key"); err != nil {
		t.Fatal(err)
	}
	return env.Dir(stages.BPO), s
}

func inherited(t *testing.T, dir string, n int) *inheritance {
	t.Helper()
	from, why, err := inherit(dir, n, 7, make(bayes.Space, 2))
	if err != nil || why != "" {
		t.Fatalf("%q, %v", why, err)
	}
	return from
}

func TestInherit_SearchBeginsWithTheBestPromptsBeforeAndScoresThemAnew(t *testing.T) {
	w := newDuo(200, hill)
	dir, old := finishedSearch(t, w, nil)
	from := inherited(t, dir, 3)
	ranked, err := old.rank(old.own)
	if err != nil {
		t.Fatal(err)
	}
	_, s := finishedSearch(t, w, from)
	for i, tr := range s.own.trials[1:7] {
		want, z := kindSobol, []float64(nil)
		if i < 3 {
			want, z = kindBefore, ranked[i].z
		}
		if tr.kind != want || z != nil && !slices.Equal(tr.z, z) || len(tr.results) == 0 {
			t.Errorf("trial %d is %s at %v with %d results, want %s at %v", tr.index, tr.kind, tr.z, len(tr.results), want, z)
		}
	}
	if best := hill(s.own.trials[1].z); best < 0.85 {
		t.Errorf("the first prompt has the skill %.2f", best)
	}
}

func TestInherit_WhatLedToItIsNeverHeldOutThroughAChainOfUpdates(t *testing.T) {
	w := newDuo(200, hill)
	seen := map[string]bool{}
	var from *inheritance
	for update := range 4 {
		dir, s := finishedSearch(t, w, from)
		for _, it := range slices.Concat(s.choice, s.checked) {
			if seen[it.Question] {
				t.Errorf("update %d: %q has led to the prompts that it is to choose from", update, it.Question)
			}
		}
		if len(s.choice) == 0 || len(s.checked) == 0 {
			t.Errorf("update %d: %d and %d are held out", update, len(s.choice), len(s.checked))
		}
		for _, it := range s.items {
			seen[it.Question] = true
		}
		w.items = slices.Clone(w.items[:len(w.items)-7]) // some are withdrawn, so the shuffle is another
		from = inherited(t, dir, 3)
		for q := range seen {
			if !from.knows(q) {
				t.Fatalf("update %d forgets that %q was seen", update, q)
			}
		}
	}
}

func TestInherit_NothingNewToHoldOutIsRefused(t *testing.T) {
	w := newDuo(60, idle)
	from := &inheritance{seen: map[string]bool{}}
	for _, it := range w.items[1:] {
		from.seen[it.Question] = true
	}
	if _, err := newSearch(settings(), w.items, true, 7, from); !errors.Is(err, ErrItems) || !strings.Contains(err.Error(), "stages.bpo.inherit: 0") {
		t.Errorf("%v", err)
	}
}

func TestInherit_OtherSeedSpaceOrNoSearchLeaveNothing(t *testing.T) {
	dir, _ := finishedSearch(t, newDuo(120, hill), nil)
	for want, c := range map[string]struct {
		dir  string
		seed uint64
		dims int
	}{
		"its seed is 7, and this one's 8": {dir, 8, 2}, "it searched something else": {dir, 7, 3}, "it has no search": {filepath.Join(dir, "none"), 7, 2},
	} {
		if from, why, err := inherit(c.dir, 3, c.seed, make(bayes.Space, c.dims)); from != nil || !strings.HasPrefix(why, want) || err != nil {
			t.Errorf("%v, %q, %v, want %q", from, why, err, want)
		}
	}
}

func TestInherit_DamagedSearchIsAnError(t *testing.T) {
	dir, _ := finishedSearch(t, newDuo(120, hill), nil)
	for _, name := range []string{TrialsFile, ItemsFile} {
		path := filepath.Join(dir, name)
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		flipped := slices.Clone(text)
		flipped[len(text)/2] ^= 1
		for _, hurt := range [][]byte{flipped, {}, text[:len(text)/2], text[:len(text)-1]} {
			if err := os.WriteFile(path, hurt, 0o666); err != nil {
				t.Fatal(err)
			}
			if from, _, err := inherit(dir, 3, 7, make(bayes.Space, 2)); from != nil || !errors.Is(err, checkpoint.ErrCorrupt) && !errors.Is(err, checkpoint.ErrIncomplete) {
				t.Errorf("%s of %d bytes: %v", name, len(hurt), err)
			}
		}
		if err := os.WriteFile(path, text, 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

func TestHold_DealsAsBeforeWhereNothingIsInherited(t *testing.T) {
	items := newDuo(90, idle).items
	held, searched, choice := Final{Share: 0.34}.hold(items, (*inheritance)(nil).knows)
	n, wantChoice, check := Final{Share: 0.34}.deal(len(items))
	if choice != wantChoice || len(held) != choice+check || len(searched) != n || !reflect.DeepEqual(slices.Concat(held, searched), []exam.Item(items)) {
		t.Errorf("%d for the choice of %d held out and %d searched on, want %d, %d and %d", choice, len(held), len(searched), wantChoice, wantChoice+check, n)
	}
}
