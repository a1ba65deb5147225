package serve

import (
	"context"
	"errors"
	"testing"
	"time"
)

func TestQueue_ClientsComeInTurn(t *testing.T) {
	ctx := context.Background()
	q := newQueue(1, 100, time.Now)
	leave, err := q.enter(ctx, "first")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan string)
	wait := func(client string) {
		_, before := q.state()
		go func() {
			leave, err := q.enter(ctx, client)
			if err != nil {
				t.Error(err)
			}
			served <- client
			leave()
		}()
		for {
			if _, n := q.state(); n > before {
				return
			}
			time.Sleep(time.Millisecond)
		}
	}
	for _, client := range []string{"greedy", "greedy", "greedy", "modest", "greedy", "third"} {
		wait(client)
	}
	leave()
	for i, want := range []string{"greedy", "modest", "third", "greedy", "greedy", "greedy"} {
		if got := <-served; got != want {
			t.Errorf("place %d goes to %s, want %s", i, got, want)
		}
	}
	for range 100 {
		if busy, _ := q.state(); busy == 0 {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Error("a place is left over")
}

func TestQueue_WhoGoesAwayWaitsNoMore(t *testing.T) {
	q := newQueue(1, 2, time.Now)
	leave, err := q.enter(context.Background(), "a")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	gone := make(chan error)
	for range 2 {
		go func() {
			_, err := q.enter(ctx, "b")
			gone <- err
		}()
	}
	for {
		if _, n := q.state(); n == 2 {
			break
		}
		time.Sleep(time.Millisecond)
	}
	if _, err := q.enter(context.Background(), "c"); err == nil {
		t.Error("a third may wait")
	}
	cancel()
	for range 2 {
		if err := <-gone; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}
	leave()
	leave() // again: it is given back once
	if busy, waiting := q.state(); busy != 0 || waiting != 0 || len(q.clients) != 0 || len(q.lines) != 0 {
		t.Errorf("%d at work, %d wait", busy, waiting)
	}
	if _, err := q.enter(context.Background(), "d"); err != nil {
		t.Error(err)
	}
}
