package llm

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"slm/rng"
)

func TestBackoffDoublesWithJitterThatTheSeedDecides(t *testing.T) {
	s := rng.New(7, "llm", "retry", "k")
	for n := 1; n <= 20; n++ {
		full := min(firstWait<<min(n-1, 10), longestWait)
		d := backoff(s, n)
		if d < full/2 || d > full {
			t.Errorf("wait %d is %s, of %s", n, d, full)
		}
		if d != backoff(rng.New(7, "llm", "retry", "k"), n) {
			t.Error("the same seed waits differently")
		}
	}
	if backoff(s, 1) == backoff(rng.New(8, "llm", "retry", "k"), 1) {
		t.Error("the seed has no effect")
	}
}

func TestRetryAfterIsReadInBothForms(t *testing.T) {
	const date = "Sun, 22 Nov 2026 03:00:00 GMT"
	for _, c := range []struct {
		value, date string
		want        time.Duration
		ok          bool
	}{
		{"3", "", 3 * time.Second, true}, {"0", "", 0, true}, {" 1.5 ", "", 1500 * time.Millisecond, true},
		{"Sun, 22 Nov 2026 03:01:00 GMT", date, time.Minute, true}, {"Sunday, 22-Nov-26 03:00:05 GMT", date, 5 * time.Second, true},
		{"Sun, 22 Nov 2026 02:00:00 GMT", date, 0, true}, {"Sun, 22 Nov 2026 03:01:00 GMT", "", 0, false},
		{"", date, 0, false}, {"-1", "", 0, false}, {"NaN", "", 0, false}, {"soon", date, 0, false}, {"1e300", "", 1e6 * time.Second, true},
	} {
		h := http.Header{}
		h.Set("Retry-After", c.value)
		h.Set("Date", c.date)
		if got, ok := retryAfter(h); got != c.want || ok != c.ok {
			t.Errorf("%q at %q: %s %v", c.value, c.date, got, ok)
		}
	}
}

func TestThrottleHalvesUnderLoadAndRecovers(t *testing.T) {
	th := newThrottle(8)
	free := func() int {
		n := 0
		for {
			ctx, cancel := context.WithCancel(context.Background())
			cancel()
			if th.acquire(ctx) != nil {
				break
			}
			n++
		}
		for range n {
			th.release()
		}
		return n
	}
	if got := free(); got != 8 {
		t.Fatalf("%d at a time, of 8", got)
	}
	th.heard(true)
	if got := free(); got != 4 {
		t.Errorf("%d after one refusal", got)
	}
	for range 5 {
		th.heard(true)
	}
	if got := free(); got != 1 {
		t.Errorf("%d after many refusals", got)
	}
	for range 100 {
		th.heard(false)
	}
	if got := free(); got != 8 {
		t.Errorf("%d after many successes", got)
	}
}

func TestSleepEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := sleep(ctx, time.Hour); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if err := sleep(context.Background(), time.Millisecond); err != nil {
		t.Error(err)
	}
}
