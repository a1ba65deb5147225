package rundir

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// someRun is a folder that is taken for a run.
func someRun(t *testing.T) string {
	t.Helper()
	run := t.TempDir()
	if err := os.WriteFile(filepath.Join(run, RecipeFile), []byte("slm: 1\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	return run
}

func TestLock_OfADeadProcessHoldsNothing(t *testing.T) {
	run := someRun(t)
	if err := os.WriteFile(filepath.Join(run, LockFile), []byte(`{"pid":1,"host":"elsewhere"}`+"\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	if by, locked := Locked(run); locked {
		t.Errorf("locked by %s", by)
	}
	held, err := TakeLock(run)
	if err != nil {
		t.Fatal(err)
	}
	host, _ := os.Hostname()
	if _, err := TakeLock(run); !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), "process ") || !strings.Contains(err.Error(), " on "+host) {
		t.Error(err)
	}
	if err := held.Release(); err != nil {
		t.Error(err)
	}
}

func TestLock_RunInUseIsNotRemoved(t *testing.T) {
	run := someRun(t)
	held, err := TakeLock(run)
	if err != nil {
		t.Fatal(err)
	}
	if err := Remove(run); !errors.Is(err, ErrLocked) {
		t.Error(err)
	}
	if err := held.Release(); err != nil {
		t.Fatal(err)
	}
	if err := Remove(run); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(run); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}
