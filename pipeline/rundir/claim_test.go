package rundir

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

func TestTakeClaim_OneAtATimeAndNothingIsLeft(t *testing.T) {
	dir, stamp := t.TempDir(), Stamp("fingerprint", nil)
	oneAtATime(t, filepath.Join(dir, "runs", claims), func(ctx context.Context, waits func(string)) (*Claim, error) {
		return TakeClaim(ctx, dir, stamp, waits)
	})
}

func TestTakeFile_OneAtATimeAndNothingIsLeft(t *testing.T) {
	dir := t.TempDir()
	oneAtATime(t, dir, func(ctx context.Context, waits func(string)) (*Claim, error) {
		return TakeFile(ctx, filepath.Join(dir, "mine.answers.yaml"), waits)
	})
}

// oneAtATime takes the same claim in four goroutines, whose locks are in a folder.
func oneAtATime(t *testing.T, locks string, take func(context.Context, func(string)) (*Claim, error)) {
	t.Helper()
	var inside, most atomic.Int32
	var all sync.WaitGroup
	for range 4 {
		all.Add(1)
		go func() {
			defer all.Done()
			c, err := take(context.Background(), func(by string) {
				if !strings.Contains(by, "process") {
					t.Errorf("held by %q", by)
				}
			})
			if err != nil {
				t.Error(err)
				return
			}
			most.Store(max(most.Load(), inside.Add(1)))
			inside.Add(-1)
			if err := c.Release(); err != nil {
				t.Error(err)
			}
		}()
	}
	all.Wait()
	if most.Load() != 1 {
		t.Errorf("%d held it at once", most.Load())
	}
	if left, err := os.ReadDir(locks); err != nil || len(left) > 0 {
		t.Error(left, err)
	}
}

func TestTakeClaim_WaitingEndsWithItsContextAndOtherStampsAreFree(t *testing.T) {
	dir := t.TempDir()
	held, err := TakeClaim(context.Background(), dir, Stamp("one", nil), nil)
	if err != nil {
		t.Fatal(err)
	}
	other, err := TakeClaim(context.Background(), dir, Stamp("one", map[string]string{"data": "d"}), nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	stop := errors.New("stop")
	if _, err := TakeClaim(ctx, dir, Stamp("one", nil), func(string) { cancel(stop) }); !errors.Is(err, stop) {
		t.Error(err)
	}
	if err := errors.Join(held.Release(), other.Release()); err != nil {
		t.Fatal(err)
	}
}
