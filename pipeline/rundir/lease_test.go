package rundir

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// watch is a clock that a test sets.
type watch struct{ atomic.Int64 }

func (w *watch) now() time.Time { return time.Unix(0, w.Load()) }

func leases(t *testing.T, dir string, w *watch) *Leases {
	t.Helper()
	l, err := NewLeases(dir, LeaseTerm, w.now)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// left is the file of a process that wrote it and does not work here.
func left(t *testing.T, dir, name string, l leased) {
	t.Helper()
	text, err := json.Marshal(l)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, name), append(text, '\n'), 0o666)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestLease_OneAtATimeAndNothingIsLeft(t *testing.T) {
	dir, w := t.TempDir(), &watch{}
	var inside, taken atomic.Int32
	var all sync.WaitGroup
	for range 8 {
		l := leases(t, dir, w)
		all.Add(1)
		go func() {
			defer all.Done()
			for mine := 0; mine < 5; {
				held, err := l.Take("stage")
				if errors.Is(err, ErrLocked) {
					continue
				}
				if err != nil {
					t.Error(err)
					return
				}
				if inside.Add(1) != 1 {
					t.Error("two have it")
				}
				mine, _ = mine+1, taken.Add(1)
				inside.Add(-1)
				if err := held.Release(); err != nil {
					t.Error(err)
				}
			}
		}()
	}
	all.Wait()
	if files, err := os.ReadDir(dir); err != nil || len(files) > 0 || taken.Load() != 40 {
		t.Errorf("taken %d times; left: %v, %v", taken.Load(), files, err)
	}
}

func TestLease_OfADeadProcessOfThisMachineIsTakenAtOnce(t *testing.T) {
	if boot() == "" {
		t.Skip("the system does not name its kernel")
	}
	dir := t.TempDir()
	left(t, dir, "stage", leased{holder: holder{1, "here"}, Boot: boot(), Token: "dead", Beat: 4})
	held, err := leases(t, dir, &watch{}).Take("stage")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := leases(t, dir, &watch{}).Take("stage"); !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), "process ") {
		t.Error(err)
	}
	if err := held.Release(); err != nil {
		t.Error(err)
	}
}

func TestLease_AHolderElsewhereIsDeadWhenHeIsSilentForATermOfTheWatchersClock(t *testing.T) {
	dir, w := t.TempDir(), &watch{}
	l := leases(t, dir, w)
	far := leased{holder: holder{7, "far"}, Boot: "another", Token: "far"}
	for beat := range 3 { // he lives
		far.Beat = beat
		left(t, dir, "stage", far)
		for range 2 {
			if _, err := l.Take("stage"); !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), "process 7 on far") {
				t.Fatalf("beat %d: %v", beat, err)
			}
			w.Add(int64(LeaseTerm) - 1)
		}
		w.Add(1 - int64(LeaseTerm)) // less than a term since he was heard
	}
	w.Add(int64(LeaseTerm))
	held, err := l.Take("stage")
	if err != nil {
		t.Fatal(err)
	}
	if err := held.Release(); err != nil {
		t.Error(err)
	}
	if files, _ := os.ReadDir(dir); len(files) > 0 {
		t.Error(files)
	}
}

func TestLease_WhoHasLostItIsStoppedAndLeavesTheSuccessorAlone(t *testing.T) {
	dir := t.TempDir()
	l, err := NewLeases(dir, 60*time.Millisecond, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	held, err := l.Take("stage")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := held.Context(context.Background())
	defer cancel()
	if err := os.Remove(filepath.Join(dir, "stage")); err != nil {
		t.Fatal(err)
	}
	left(t, dir, "stage", leased{holder: holder{7, "far"}, Boot: "another", Token: "far"})
	<-ctx.Done()
	if err := held.Release(); !errors.Is(context.Cause(ctx), ErrLost) || !errors.Is(err, ErrLost) || !errors.Is(err, ErrLocked) {
		t.Error(context.Cause(ctx), err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "stage"))
	if err != nil || !strings.Contains(string(text), `"far"`) {
		t.Errorf("%s %v", text, err)
	}
}

func TestLease_AHolderWhoIsMistakenForDeadGetsItBack(t *testing.T) {
	dir := t.TempDir()
	l := leases(t, dir, &watch{})
	left(t, dir, "stage", leased{Boot: "another", Token: "new"})
	if err := l.bury(filepath.Join(dir, "stage"), "old"); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Take("stage"); !errors.Is(err, ErrLocked) {
		t.Error(err)
	}
}

func FuzzLease_AnyFileIsWatchedAndTaken(f *testing.F) {
	f.Add([]byte(`{"pid":1,"host":"a","boot":"b","token":"c","beat":1}`))
	f.Add([]byte("{"))
	f.Add([]byte(nil))
	f.Fuzz(func(t *testing.T, text []byte) {
		dir, w := t.TempDir(), &watch{}
		if err := os.WriteFile(filepath.Join(dir, "stage"), text, 0o666); err != nil {
			t.Fatal(err)
		}
		l := leases(t, dir, w)
		held, err := l.Take("stage")
		if errors.Is(err, ErrLocked) {
			w.Add(int64(LeaseTerm))
			held, err = l.Take("stage")
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := held.Release(); err != nil {
			t.Error(err)
		}
	})
}
