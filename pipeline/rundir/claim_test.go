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
	var inside, most atomic.Int32
	var all sync.WaitGroup
	for range 4 {
		all.Add(1)
		go func() {
			defer all.Done()
			c, err := TakeClaim(context.Background(), dir, stamp, func(by string) {
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
	if left, err := os.ReadDir(filepath.Join(dir, "runs", claims)); err != nil || len(left) > 0 {
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
