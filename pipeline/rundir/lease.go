package rundir

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/gofrs/flock"

	"slm/checkpoint"
	"slm/internal/heartbeat"
)

// ErrLost says that a process was out of touch for so long that another has taken over what it worked on.
var ErrLost = fmt.Errorf("%w: the lease has passed to another process", ErrLocked)

// LeaseTerm is how long a holder may be silent before others take over. It tells that it lives six times in this time.
const LeaseTerm = 30 * time.Second

// Leases keep work apart that processes on several machines take from a shared folder, whether file locks reach from one machine to another or not. A lease is
// a file that its holder writes again and again. Whoever wants it watches: a file that has not changed for a term by the watcher's own clock has lost its holder, so
// machines need not agree on the time. On the holder's own machine nobody waits, since the system drops a lock with its process.
//
// The folder needs two steps that are whole or not at all among all machines: to create a name by a link, and to rename one. Local disks, NFS and parallel file systems have both.
type Leases struct {
	dir   string
	term  time.Duration
	now   func() time.Time // monotonic
	watch *heartbeat.Watch
}

// leased is a lease's file.
type leased struct {
	holder
	Boot  string `json:"boot"`  // of the holder's kernel: within it file locks tell who lives
	Token string `json:"token"` // of this lease alone
	Beat  int    `json:"beat"`
}

// NewLeases opens the leases below a folder, which is made.
func NewLeases(dir string, term time.Duration, now func() time.Time) (*Leases, error) {
	if err := checkpoint.MakeDir(dir); err != nil {
		return nil, fmt.Errorf("pipeline: leases: %w", err)
	}
	return &Leases{dir: dir, term: term, now: now, watch: heartbeat.NewWatch(term, now)}, nil
}

// Take takes the lease of a name, or returns ErrLocked at once: somebody has it, or it is not known yet whether he lives.
func (l *Leases) Take(name string) (_ *Lease, err error) {
	path := filepath.Join(l.dir, name)
	if err := l.free(name, path); err != nil {
		return nil, err
	}
	f, err := os.CreateTemp(l.dir, "."+name+".tmp-*")
	if err != nil {
		return nil, fmt.Errorf("pipeline: lease: %w", err)
	}
	temp := f.Name()
	lease := &Lease{path: path, f: f, lock: flock.New(temp, flock.SetFlag(os.O_RDWR))}
	defer func() {
		if rerr := os.Remove(temp); err == nil && rerr != nil {
			err = fmt.Errorf("pipeline: lease: %w", errors.Join(rerr, os.Remove(path)))
		}
		if err != nil {
			_ = errors.Join(lease.lock.Close(), f.Close()) // there is no lease
		}
	}()
	host, _ := os.Hostname() // unknown is shown as ""
	lease.mine = leased{holder: holder{os.Getpid(), host}, Token: filepath.Base(temp)}
	if ok, _ := lease.lock.TryLock(); ok { // where the file system has no locks, others watch
		lease.mine.Boot = boot()
	}
	if err = lease.beat(); err == nil {
		err = os.Link(temp, path)
	}
	if errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("pipeline: %s: %w by another process, which was faster", name, ErrLocked)
	}
	if err != nil {
		return nil, fmt.Errorf("pipeline: lease: %w", err)
	}
	l.watch.Forget(name)
	lease.pulse = heartbeat.Start(l.term, l.term/2, l.now, ErrLost, lease.tell)
	return lease, nil
}

// free makes way for a lease: nil = nobody has it any more.
func (l *Leases) free(name, path string) error {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("pipeline: lease: %w", err)
	}
	var h leased
	_ = json.Unmarshal(text, &h) // a half-written one is of a holder who lives
	taken := fmt.Errorf("pipeline: %s: %w by process %d on %s", name, ErrLocked, h.PID, h.Host)
	if h.Boot != "" && h.Boot == boot() {
		return l.inherit(path, taken)
	}
	if !l.watch.Silent(name, string(text)) {
		return taken
	}
	return l.bury(path, h.Token)
}

// inherit removes the file of a process of this kernel, if that is dead: it has dropped its lock then. Who has that lock is the only one who may remove the file.
func (l *Leases) inherit(path string, taken error) error {
	lock := flock.New(path, flock.SetFlag(os.O_RDWR)) // creates nothing
	ok, err := lock.TryLock()
	if errors.Is(err, fs.ErrNotExist) {
		return taken // it has just been given back, or inherited
	}
	if err == nil && (!ok || !current(lock)) {
		err = taken
	}
	if err == nil {
		err = os.Remove(path)
	}
	return errors.Join(err, lock.Close())
}

// bury removes the file of a holder who has been silent for a term. If it is another's by now, that one gets it back.
func (l *Leases) bury(path, token string) error {
	grave, err := os.CreateTemp(l.dir, "."+filepath.Base(path)+".old-*")
	if err != nil {
		return fmt.Errorf("pipeline: lease: %w", err)
	}
	err = grave.Close()
	rerr := os.Rename(path, grave.Name())
	if rerr == nil {
		var h leased
		text, _ := os.ReadFile(grave.Name())
		_ = json.Unmarshal(text, &h) // of a half-written one nothing is known, before and now
		if h.Token != token {
			_ = os.Link(grave.Name(), path) // where the name is taken again, he notices that he has lost it
		}
	} else if !errors.Is(rerr, fs.ErrNotExist) { // else somebody was faster
		err = errors.Join(err, rerr)
	}
	if err = errors.Join(err, os.Remove(grave.Name())); err != nil {
		return fmt.Errorf("pipeline: lease: %w", err)
	}
	return nil
}

// boot names the running kernel, whatever containers it has; "" = it has no name.
var boot = sync.OnceValue(func() string {
	text, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
})

// Lease is the right to some work until Release.
type Lease struct {
	pulse *heartbeat.Pulse
	path  string
	f     *os.File
	lock  *flock.Flock // by which the holder's own machine knows that it lives
	mine  leased
}

// Context ends with ErrLost when the lease passes to another.
func (l *Lease) Context(ctx context.Context) (context.Context, context.CancelFunc) {
	return l.pulse.Context(ctx)
}

// tell tells others that the holder lives. ErrLost: another has taken over.
func (l *Lease) tell() error {
	err := errors.Join(l.beat(), l.f.Sync())
	if !l.holds() {
		return ErrLost
	}
	return err
}

// beat writes the file again; it never touches that of a successor.
func (l *Lease) beat() error {
	l.mine.Beat++
	text, err := json.Marshal(l.mine)
	if err != nil {
		return err
	}
	_, err = l.f.WriteAt(append(text, '\n'), 0) // beats only grow, so no end of an older one is left
	return err
}

// holds reports whether the file of that name is still this lease's.
func (l *Lease) holds() bool {
	now, err := os.Stat(l.path)
	if err != nil {
		return false
	}
	mine, err := l.f.Stat()
	return err == nil && os.SameFile(now, mine)
}

// Release lets others have it. ErrLost: another has it already.
func (l *Lease) Release() error {
	l.pulse.Stop()
	var err error
	if !l.holds() {
		err = fmt.Errorf("pipeline: %s: %w", l.path, ErrLost)
	} else if rerr := os.Remove(l.path); rerr != nil {
		err = fmt.Errorf("pipeline: lease %s: %w", l.path, rerr)
	}
	return errors.Join(err, l.lock.Close(), l.f.Close())
}
