package sweep

import (
	"context"
	"fmt"
	"sync"

	"slm/stages"
)

// errStopped ends the training of a trial that is not to go on.
type errStopped struct {
	rung   int
	share  float64
	chance float64
	loss   float64
}

func (e *errStopped) Error() string {
	return fmt.Sprintf("stopped after %.0f %% of the training with a held-out loss of %.4f: its chance to become the best was %.1f %%", 100*e.share, e.loss, 100*e.chance)
}

// climb is a round's way up the rungs. A trial on a rung waits until every other of the round is there or has ended, so that what becomes of it does not depend on
// who was faster.
type climb struct {
	search *search
	shares []float64
	before []Trial // of the rounds before

	mu    sync.Mutex
	moved *sync.Cond
	seen  [][]float64 // by place in the round: losses on the rungs
	ended []bool
}

func newClimb(s *search, shares []float64, before []Trial, trials int) *climb {
	c := &climb{search: s, shares: shares, before: before, seen: make([][]float64, trials), ended: make([]bool, trials)}
	c.moved = sync.NewCond(&c.mu)
	return c
}

// reach notes a measurement of a trial. On a rung it waits for the round and decides: errStopped, or the context's error.
func (c *climb) reach(ctx context.Context, at int, r stages.Rung) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	rung := len(c.seen[at])
	if rung == len(c.shares) || float64(r.Step) < c.shares[rung]*float64(r.Of) {
		return nil
	}
	c.seen[at] = append(c.seen[at], r.HeldOut)
	c.moved.Broadcast()
	defer context.AfterFunc(ctx, func() { // the lock is given back while waiting
		c.mu.Lock()
		defer c.mu.Unlock()
		c.moved.Broadcast()
	})()
	for !c.together(rung) {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		c.moved.Wait()
	}
	var all []float64
	for _, t := range c.before {
		if len(t.Rungs) > rung {
			all = append(all, t.Rungs[rung])
		}
	}
	for _, seen := range c.seen {
		if len(seen) > rung {
			all = append(all, seen[rung])
		}
	}
	if chance, stop := c.search.pruner.stops(r.HeldOut, all, c.search.ended(c.before, rung)); stop {
		return &errStopped{rung, float64(r.Step) / float64(r.Of), chance, r.HeldOut}
	}
	return nil
}

// together reports whether all of the round have come so far or have ended.
func (c *climb) together(rung int) bool {
	for i, seen := range c.seen {
		if len(seen) <= rung && !c.ended[i] {
			return false
		}
	}
	return true
}

// end says that a trial goes no further, with what it had on the rungs.
func (c *climb) end(at int, losses []float64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seen[at], c.ended[at] = losses, true
	c.moved.Broadcast()
}
