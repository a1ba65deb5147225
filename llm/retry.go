package llm

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"slm/rng"
)

const (
	firstWait   = 500 * time.Millisecond
	longestWait = time.Minute
	// longestPause is the longest Retry-After that is waited for; a server that asks for more has shut its door.
	longestPause = 10 * time.Minute
)

// fault is a failed call: what kind it is, and what can be done about it.
type fault struct {
	err     error         // wraps one of the package's sentinels
	again   bool          // another attempt may succeed
	wait    time.Duration // at least, before that; 0 = not said
	limited bool          // the server has too much to do
	billed  bool          // the reply was on its way, so it has to be counted as paid for
}

func (f *fault) Error() string { return f.err.Error() }
func (f *fault) Unwrap() error { return f.err }

// asFault gives any error the form of a fault; one that is none is final.
func asFault(err error) *fault {
	var f *fault
	if errors.As(err, &f) {
		return f
	}
	return &fault{err: err}
}

// backoff is how long to wait before attempt n (1 = the first repetition): it doubles, and the jitter is a function of the stream alone,
// so that the same run waits the same.
func backoff(s *rng.Stream, n int) time.Duration {
	d := math.Min(float64(firstWait)*math.Pow(2, float64(n-1)), float64(longestWait))
	return time.Duration(d * (0.5 + s.At(uint64(n)).Float64()/2))
}

// retryAfter reads the header of that name, in seconds or as a date. A date is compared with the response's own Date, so that the
// clocks of the two machines need not agree. false = absent or unreadable.
func retryAfter(h http.Header) (time.Duration, bool) {
	v := strings.TrimSpace(h.Get("Retry-After"))
	if v == "" {
		return 0, false
	}
	if s, err := strconv.ParseFloat(v, 64); err == nil {
		if math.IsNaN(s) || s < 0 {
			return 0, false
		}
		return time.Duration(math.Min(s, 1e6) * float64(time.Second)), true
	}
	at, err := http.ParseTime(v)
	if err != nil {
		return 0, false
	}
	now, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		return 0, false
	}
	return max(0, at.Sub(now)), true
}

// sleep waits, or returns early with the context's error.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// attempt calls f until it succeeds, fails for good, or has been repeated often enough.
func (s *Service) attempt(ctx context.Context, key string, f func(n int) error) error {
	stream := rng.New(s.opt.Seed, "llm", "retry", key)
	for n := 0; ; n++ {
		err := f(n)
		if err == nil {
			return nil
		}
		fa := asFault(err)
		switch {
		case ctx.Err() != nil:
			return fmt.Errorf("llm: %w", ctx.Err())
		case !fa.again:
			return fa.err
		case n >= s.cfg.Retries:
			return fmt.Errorf("%w (attempt %d, the last)", fa.err, n+1)
		case fa.wait > longestPause:
			return fmt.Errorf("%w (the server asks to wait %s)", fa.err, fa.wait)
		}
		if err := s.opt.Sleep(ctx, max(fa.wait, backoff(stream, n+1))); err != nil {
			return fmt.Errorf("llm: %w", err)
		}
	}
}

// throttle is how many calls go out at a time: half as many after the server has said that it has too much to do, and a little more after
// each success, up to what the recipe allows.
type throttle struct {
	mu     sync.Mutex
	limit  float64
	most   float64
	active int
	wake   chan struct{}
}

func newThrottle(most int) *throttle {
	return &throttle{limit: float64(most), most: float64(most), wake: make(chan struct{})}
}

func (t *throttle) acquire(ctx context.Context) error {
	for {
		t.mu.Lock()
		if t.active < int(t.limit) {
			t.active++
			t.mu.Unlock()
			return nil
		}
		wake := t.wake
		t.mu.Unlock()
		select {
		case <-wake:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (t *throttle) release() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.active--
	t.change()
}

// heard takes in how a call went.
func (t *throttle) heard(limited bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if limited {
		t.limit = max(1, t.limit/2)
	} else {
		t.limit = min(t.most, t.limit+1/t.limit)
	}
	t.change()
}

func (t *throttle) change() {
	close(t.wake)
	t.wake = make(chan struct{})
}
