package llm

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"slm/internal/ranks"
	"slm/model/kernel"
	"slm/model/weights/weightstest"
)

// crowd is a folder with weights, and services that n ranks answer.
type crowd struct {
	*testing.T
	dir     string
	cfg     Config
	helpers string // folder of the other ranks' weights
}

func newCrowd(t *testing.T) *crowd {
	t.Helper()
	m, err := weightstest.Model(11)
	if err != nil {
		t.Fatal(err)
	}
	c := &crowd{T: t, dir: t.TempDir(), cfg: Default()}
	c.cfg.Model, c.helpers = "toy:small", c.dir
	if err := weightstest.Toy.Write(filepath.Join(c.dir, "small"), m); err != nil {
		t.Fatal(err)
	}
	return c
}

// on calls f with a service on n ranks, and returns its journal and what it noted.
func (c *crowd) on(n int, f func(s *Service)) (journal string, notes []string) {
	c.Helper()
	be, err := kernel.Open("go")
	if err != nil {
		c.Fatal(err)
	}
	worlds := ranks.Local(n)
	open := func(kernel.Class) (kernel.Backend, error) { return be, nil }
	ended := make(chan error, n)
	for _, w := range worlds[1:] {
		go func() { ended <- ranks.Serve(c.Context(), ranks.New(w), Orders(open, Options{Dir: c.helpers})) }()
	}
	team := ranks.New(worlds[0])
	path := filepath.Join(c.TempDir(), "replies.wal")
	s, err := New(c.cfg, Options{Kernel: be, Dir: c.dir, Journal: path, Ranks: team, Note: func(text string) { notes = append(notes, text) }})
	if err != nil {
		c.Fatal(err)
	}
	f(s)
	if err := s.Close(); err != nil {
		c.Error(err)
	}
	if team != nil {
		if err := team.Dismiss(c.Context()); err != nil {
			c.Fatal(err)
		}
	}
	for range worlds[1:] {
		if err := <-ended; err != nil {
			c.Error(err)
		}
	}
	text, err := os.ReadFile(path)
	if err != nil {
		c.Fatal(err)
	}
	return string(text), notes
}

// many are requests of both kinds, of different lengths.
func many(n int) (reqs []Request) {
	for i := range n {
		if i%3 == 0 {
			reqs = append(reqs, Request{Prompt: fmt.Sprintf("Which town is number %d?", i), MaxTokens: 3 + i%5, Chat: true})
			continue
		}
		reqs = append(reqs, Request{Prompt: strings.Repeat("the rule ", 1+i%4) + fmt.Sprint(i), Options: []string{" of the town", " of the sea"}})
	}
	return reqs
}

func TestRanks_RepliesAndJournalAreThoseOfOne(t *testing.T) {
	c := newCrowd(t)
	ask := func(s *Service) {
		for _, n := range []int{1, 2, 41, 100} { // what was asked before is stored
			if _, err := s.Do(t.Context(), many(n)); err != nil {
				t.Fatal(err)
			}
		}
	}
	want, _ := c.on(1, ask)
	for _, n := range []int{2, 3, 5} {
		got, notes := c.on(n, func(s *Service) {
			ask(s)
			if sent := s.crew.team.Sent(); sent == 0 {
				t.Errorf("%d ranks: nothing was divided", n)
			}
			if u := s.Usage(); u.Calls != 100 {
				t.Errorf("%d ranks: %+v", n, u)
			}
		})
		if got != want || len(notes) > 0 {
			t.Errorf("%d ranks: another journal, %d bytes and not %d; %q", n, len(got), len(want), notes)
		}
	}
}

// What goes wrong in the middle goes wrong as in one process: before it everything is stored, behind it nothing is.
func TestRanks_ErrorsAndTheBudgetsEndAreThoseOfOne(t *testing.T) {
	for _, what := range []error{ErrTooLong, ErrBudget} {
		c := newCrowd(t)
		reqs := many(90)
		if what == ErrTooLong {
			reqs[70].Prompt = strings.Repeat("the town ", 2000)
		} else {
			c.cfg.Budget.Calls = 57
		}
		said := ""
		ask := func(s *Service) {
			_, err := s.Do(t.Context(), reqs)
			if !errors.Is(err, what) {
				t.Fatalf("%v, want %v", err, what)
			}
			said = err.Error()
		}
		want, _ := c.on(1, ask)
		first := said
		for _, n := range []int{2, 3} {
			if got, _ := c.on(n, ask); got != want || said != first {
				t.Errorf("%d ranks: %q, alone %q; journal of %d bytes and not %d", n, said, first, len(got), len(want))
			}
		}
	}
}

func TestRanks_RankWithoutTheWeightsIsNamedAndTheOthersAnswer(t *testing.T) {
	c := newCrowd(t)
	want, _ := c.on(1, func(s *Service) { _, _ = s.Do(t.Context(), many(40)) })
	other, err := weightstest.Model(12)
	if err != nil {
		t.Fatal(err)
	}
	c.helpers = t.TempDir()
	for _, why := range []string{"no weights", "and that of rank 0 is"} {
		got, notes := c.on(2, func(s *Service) {
			for _, n := range []int{20, 40} {
				if _, err := s.Do(t.Context(), many(n)); err != nil {
					t.Fatal(err)
				}
			}
		})
		if len(got) == 0 || len(notes) != 1 || !strings.Contains(notes[0], "rank 1") || !strings.Contains(notes[0], why) {
			t.Errorf("%q", notes)
		}
		if n := strings.Count(got, `"key"`); n != strings.Count(want, `"key"`) {
			t.Errorf("%d replies", n)
		}
		if err := weightstest.Toy.Write(filepath.Join(c.helpers, "small"), other); err != nil { // a file of that name, and another model
			t.Fatal(err)
		}
	}
}

func TestRanks_ServerIsAskedByTheFirstAlone(t *testing.T) {
	team := ranks.New(ranks.Local(2)[0])
	cfg := Default()
	cfg.Provider, cfg.Model, cfg.Budget = Overlap, OverlapModel, Budget{}
	s, err := New(cfg, Options{Ranks: team})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Do(context.Background(), []Request{{Prompt: "a", Options: []string{"b", "c"}}, {Prompt: "d", Options: []string{"b", "c"}}}); err != nil || team.Sent() != 0 {
		t.Errorf("%v, %d bytes were sent", err, team.Sent())
	}
}
