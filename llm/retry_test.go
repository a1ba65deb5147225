package llm

import (
	"context"
	"errors"
	"testing"
	"time"

	"slm/rng"
)

func TestBackoff_DoublesWithJitterThatTheSeedDecides(t *testing.T) {
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

func TestSleep_EndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := sleep(ctx, time.Hour); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if err := sleep(context.Background(), time.Millisecond); err != nil {
		t.Error(err)
	}
}
