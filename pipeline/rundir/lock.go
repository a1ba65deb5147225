package rundir

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
)

// ErrLocked says that another process works on the run. The error's text names it.
var ErrLocked = errors.New("run is locked")

// holder is what the lock file says about the process that holds it.
type holder struct {
	PID  int    `json:"pid"`
	Host string `json:"host"`
}

// Lock keeps a run folder for one process. The operating system drops it with the process, so none is ever stale; the file stays.
type Lock struct{ f *flock.Flock }

// TakeLock locks a run folder or returns ErrLocked at once.
func TakeLock(dir string) (*Lock, error) {
	path := filepath.Join(dir, LockFile)
	f := flock.New(path, flock.SetPermissions(fs.FileMode(0o644)))
	ok, err := f.TryLock()
	if err != nil {
		return nil, fmt.Errorf("pipeline: lock %s: %w", dir, err)
	}
	if !ok {
		return nil, fmt.Errorf("pipeline: %s: %w by %s: wait for it, or stop it", dir, ErrLocked, describeHolder(path))
	}
	host, _ := os.Hostname() // unknown is shown as ""
	text, err := json.Marshal(holder{os.Getpid(), host})
	if err == nil {
		err = os.WriteFile(path, append(text, '\n'), 0o644)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("pipeline: lock %s: %w", dir, err), f.Unlock())
	}
	return &Lock{f}, nil
}

// pause is between two looks at a lock that another process holds.
const pause = 500 * time.Millisecond

// WaitLock locks a run folder as soon as no other process works on it. waits is told once why it has to wait.
func WaitLock(ctx context.Context, dir string, waits func(why error)) (*Lock, error) {
	for told := false; ; {
		l, err := TakeLock(dir)
		if !errors.Is(err, ErrLocked) {
			return l, err
		}
		if !told {
			told = true
			waits(err)
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("pipeline: stopped while %s was not free: %w", dir, context.Cause(ctx))
		case <-time.After(pause):
		}
	}
}

// Release gives the run back. A second call does nothing.
func (l *Lock) Release() error { return l.f.Unlock() }

// describeHolder reads who holds the lock. The file may be empty for a moment while it changes hands.
func describeHolder(path string) string {
	data, err := os.ReadFile(path)
	var h holder
	if err != nil || json.Unmarshal(data, &h) != nil || h.PID == 0 {
		return "another process"
	}
	return fmt.Sprintf("process %d on %s", h.PID, h.Host)
}

// Locked reports which process works on a run, if any.
func Locked(dir string) (by string, locked bool) {
	path := filepath.Join(dir, LockFile)
	if _, err := os.Stat(path); err != nil {
		return "", false
	}
	f := flock.New(path, flock.SetFlag(os.O_RDONLY)) // must not create or change anything
	ok, err := f.TryRLock()
	if err != nil {
		return "", false
	}
	if ok {
		_ = f.Unlock()
		return "", false
	}
	return describeHolder(path), true
}
