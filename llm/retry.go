package llm

import (
	"context"
	"errors"
	"fmt"
	"math"
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
	err     error  // wraps one of the package's sentinels
	again   bool   // another attempt may succeed
	limited bool   // the server has too much to do
	sent    bool   // the server knows of the call
	billed  bool   // and may have worked on it, so it has to be counted as paid for
	once    bool   // another attempt may help, more will not
	long    bool   // prompt and reply do not fit into the model's context
	adapted bool   // the next attempt is made in another way, and at once
	said    limits // by the server

	none *NoAnswer // what it comes to when no attempt helps and the server can be asked other questions; nil = the run ends
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
	d := math.Min(math.Ldexp(float64(firstWait), n-1), float64(longestWait))
	return time.Duration(d * (0.5 + float64(s.At(uint64(n)).Float64()/2)))
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

// attempt calls f until it succeeds, fails for good, or has been repeated often enough. f is told how many calls there were before.
func (s *Service) attempt(ctx context.Context, key string, f func(n int) error) error {
	const ways = 4 // in which a call can be adapted
	stream := rng.New(s.opt.Seed, "llm", "retry", key)
	for n, adapted := 0, 0; ; n++ {
		err := f(n + adapted)
		if err == nil {
			return nil
		}
		fa := asFault(err)
		switch {
		case ctx.Err() != nil:
			return fmt.Errorf("llm: %w", ctx.Err())
		case !fa.again:
			return err
		case fa.adapted && adapted < ways:
			adapted++
			n--
			continue
		case n >= s.cfg.Retries || fa.once && n > 0:
			return fmt.Errorf("%w (attempt %d, the last)", err, n+1)
		case fa.said.wait > longestPause:
			return fmt.Errorf("%w (the server asks to wait %s)", err, fa.said.wait)
		}
		if err := sleep(ctx, max(fa.said.wait, backoff(stream, n+1))); err != nil {
			return fmt.Errorf("llm: %w", err)
		}
	}
}
