package heartbeat

import (
	"context"
	"errors"
	"testing"
	"time"
)

func TestWatch_WhatIsNewBeginsAnotherTerm(t *testing.T) {
	at := time.Unix(0, 0)
	w := NewWatch(time.Minute, func() time.Time { return at })
	for i, c := range []struct {
		after  time.Duration
		said   string
		silent bool
	}{{0, "a", false}, {59 * time.Second, "a", false}, {time.Second, "a", true}, {0, "b", false}, {time.Minute, "c", false}, {time.Minute, "c", true}} {
		at = at.Add(c.after)
		if got := w.Silent("x", c.said); got != c.silent {
			t.Errorf("%d: silent is %v", i, got)
		}
	}
	if w.Forget("x"); w.Silent("x", "c") {
		t.Error("what was forgotten is known")
	}
}

func TestPulse_EndsWhenAnotherHasTakenOverOrPatienceDoes(t *testing.T) {
	passed, broken := errors.New("passed"), errors.New("broken")
	for _, err := range []error{passed, broken} {
		p := Start(6*time.Millisecond, 0, time.Now, passed, func() error { return err })
		ctx, cancel := p.Context(context.Background())
		<-ctx.Done()
		if cause := context.Cause(ctx); !errors.Is(cause, passed) || !p.Stop() {
			t.Errorf("%v: it ends with %v", err, cause)
		}
		cancel()
	}
	if p := Start(6*time.Millisecond, time.Hour, time.Now, passed, func() error { return broken }); p.Stop() {
		t.Error("one who is patient has lost it")
	}
}
