package ablate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
)

func named(member int) string { return fmt.Sprint("member ", member) }

func TestTurns_TheFirstMemberMakesWhatIsShared(t *testing.T) {
	turns := newTurns([][]string{{"data", "a"}, {"data", "b"}}, 2)
	ctx := context.Background()
	done, err := turns.wait(ctx, 0, named, "data", "data")
	if err != nil {
		t.Fatal(err)
	}
	var order []string
	var mu sync.Mutex
	note := func(what string) { mu.Lock(); defer mu.Unlock(); order = append(order, what) }
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		done, err := turns.wait(ctx, 1, named, "data", "data")
		if err != nil {
			t.Error(err)
			return
		}
		note("second")
		done(nil)
	}()
	note("first")
	done(nil)
	<-ended
	if !slices.Equal(order, []string{"first", "second"}) {
		t.Error(order)
	}
}

func TestTurns_WhatFailsFailsForAllThatShareItAndForNobodyElse(t *testing.T) {
	turns := newTurns([][]string{{"data", "kit"}, {"data", "kit", "bpo"}, {"data", "other"}}, 1)
	why := errors.New("diverged")
	for i, f := range []string{"data", "kit"} {
		done, err := turns.wait(context.Background(), 0, named, f, f)
		if err != nil {
			t.Fatal(err)
		}
		done([]error{nil, why}[i])
	}
	_, err := turns.wait(context.Background(), 1, named, "kit", "kit")
	if want := "kit: it shares the stage with member 0, where it failed: diverged"; !errors.Is(err, why) || err.Error() != want {
		t.Error(err)
	}
	done, err := turns.wait(context.Background(), 2, named, "other", "other")
	if err != nil {
		t.Fatal(err)
	}
	done(nil)
}

func TestTurns_SoManyStagesAtATimeAndTheFirstInThePlanGoesFirst(t *testing.T) {
	turns := newTurns([][]string{{"a"}, {"b"}, {"c"}, {"d"}}, 1)
	first, err := turns.wait(context.Background(), 3, named, "d", "d")
	if err != nil {
		t.Fatal(err)
	}
	var order []int
	var all sync.WaitGroup
	for _, m := range []int{2, 0, 1} {
		all.Add(1)
		go func() {
			defer all.Done()
			done, err := turns.wait(context.Background(), m, named, "", string(rune('a'+m)))
			if err != nil {
				t.Error(err)
				return
			}
			order = append(order, m) // one at a time
			done(nil)
		}()
		for waits := false; !waits; {
			turns.mu.Lock()
			waits = turns.queue[m] != nil
			turns.mu.Unlock()
		}
	}
	first(nil)
	all.Wait()
	if !slices.Equal(order, []int{0, 1, 2}) {
		t.Errorf("they went in the order %v", order)
	}
}

// Where an experiment is ended early, what it has are whole runs and not the first stages of all.
func TestTurns_AMemberGoesOnToItsEndBeforeOneBehindItBegins(t *testing.T) {
	turns := newTurns([][]string{{"data", "a1", "a2"}, {"data", "b1", "b2"}}, 1)
	var order []string
	var all sync.WaitGroup
	member := func(m int, list ...string) {
		defer all.Done()
		defer turns.end(m, nil)
		for _, f := range list {
			done, err := turns.wait(context.Background(), m, named, f, f)
			if err != nil {
				t.Error(err)
				return
			}
			if f != "data" { // one at a time
				order = append(order, f)
			}
			done(nil)
		}
	}
	first, err := turns.wait(context.Background(), 0, named, "data", "data")
	if err != nil {
		t.Fatal(err)
	}
	all.Add(1)
	go member(1, "b1", "b2")
	for waits := false; !waits; {
		turns.mu.Lock()
		waits = turns.queue[1] != nil
		turns.mu.Unlock()
	}
	first(nil)
	all.Add(1)
	go member(0, "a1", "a2")
	all.Wait()
	if want := []string{"a1", "a2", "b1", "b2"}; !slices.Equal(order, want) {
		t.Errorf("%v, want %v", order, want)
	}
	if turns.free != 1 {
		t.Errorf("%d places are free, want 1", turns.free)
	}
}

func TestTurns_WaitingEndsWithItsContext(t *testing.T) {
	turns := newTurns([][]string{{"a"}, {"b", "a"}}, 1)
	done, err := turns.wait(context.Background(), 0, named, "a", "a")
	if err != nil {
		t.Fatal(err)
	}
	stop := errors.New("stop")
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(stop)
	for _, f := range []string{"a", "b"} {
		if _, err := turns.wait(ctx, 1, named, "stage", f); !errors.Is(err, stop) {
			t.Errorf("%s: %v", f, err)
		}
	}
	done(nil)
	if done, err = turns.wait(context.Background(), 1, named, "stage", "b"); err != nil {
		t.Fatal(err)
	}
	done(nil)
}
