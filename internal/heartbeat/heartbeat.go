// Package heartbeat has the two sides of a lease, whatever keeps it: the holder, who says again and again that he lives, and the watcher, who waits until nothing
// has been said for a term. Only the watcher's own clock counts, so machines need not agree on the time.
package heartbeat

import (
	"context"
	"errors"
	"sync"
	"time"
)

// Watch is what a watcher has seen of the holders of some names. It is used by one goroutine at a time.
type Watch struct {
	term time.Duration
	now  func() time.Time // monotonic
	seen map[string]sighting
}

// sighting is what a holder said last, and since when he says so.
type sighting struct {
	said  string
	since time.Time
}

// NewWatch makes a watch that waits for a term.
func NewWatch(term time.Duration, now func() time.Time) *Watch {
	return &Watch{term: term, now: now, seen: map[string]sighting{}}
}

// Silent reports whether the holder of a name has said the same for a term. What is new begins another term.
func (w *Watch) Silent(name, said string) bool {
	if s, ok := w.seen[name]; !ok || s.said != said {
		w.seen[name] = sighting{said, w.now()}
	}
	return w.now().Sub(w.seen[name].since) >= w.term
}

// Forget drops what was seen of a name.
func (w *Watch) Forget(name string) { delete(w.seen, name) }

// Pulse is a holder's sign of life, six times in a term.
type Pulse struct {
	passed error // what Beat returns when another has taken over, and what contexts end with
	stop   chan struct{}
	lost   chan struct{} // closed when it has passed to another
	ended  sync.WaitGroup
}

// Start begins to beat. A beat that returns passed ends it, and so do errors for longer than patience: others may have taken over by then.
func Start(term, patience time.Duration, now func() time.Time, passed error, beat func() error) *Pulse {
	p := &Pulse{passed: passed, stop: make(chan struct{}), lost: make(chan struct{})}
	p.ended.Go(func() {
		tick := time.NewTicker(term / 6)
		defer tick.Stop()
		last := now()
		for {
			select {
			case <-p.stop:
				return
			case <-tick.C:
			}
			switch err := beat(); {
			case err == nil:
				last = now()
			case errors.Is(err, passed) || now().Sub(last) > patience:
				close(p.lost)
				return
			}
		}
	})
	return p
}

// Context ends when the lease passes to another.
func (p *Pulse) Context(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	go func() {
		select {
		case <-p.lost:
			cancel(p.passed)
		case <-ctx.Done():
		}
	}()
	return ctx, func() { cancel(nil) }
}

// Stop ends it, and reports whether the lease had passed to another.
func (p *Pulse) Stop() (lost bool) {
	close(p.stop)
	p.ended.Wait()
	select {
	case <-p.lost:
		return true
	default:
		return false
	}
}
