package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"time"

	"slm/internal/heartbeat"
)

// ErrTaken says that another process has what a lease is of, or may have it.
var ErrTaken = errors.New("store: taken by another process")

// ErrLost says that a holder was out of touch for a term, and another process has taken over.
var ErrLost = fmt.Errorf("%w: the lease has passed to it", ErrTaken)

// Leases keep work apart that processes on several machines take. A lease is an object that its holder writes again and again, each time over its own last version; whoever wants it watches. An object that has not
// changed for a term by the watcher's own clock is written over, which succeeds for one of all who try. So machines need not agree on the time, and a holder who was mistaken for dead cannot write again.
type Leases struct {
	store *Store
	term  time.Duration
	who   string // in messages
	now   func() time.Time
	mu    sync.Mutex
	watch *heartbeat.Watch
	count int // of leases that were taken
}

// leased is a lease's object.
type leased struct {
	By    string `json:"by"`
	Token int    `json:"lease"` // of its holder's
	Beat  int    `json:"beat"`
	Free  bool   `json:"free,omitempty"` // it was given back
}

// NewLeases are the leases of a process, which others know by a name of its own.
func NewLeases(s *Store, term time.Duration, who string, now func() time.Time) *Leases {
	return &Leases{store: s, term: term, who: who, now: now, watch: heartbeat.NewWatch(term, now)}
}

// Take takes the lease at a key, or returns ErrTaken at once: somebody has it, or it is not known yet whether he lives.
func (l *Leases) Take(ctx context.Context, key string) (*Lease, error) {
	text, version, err := l.store.Get(ctx, key)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if err == nil {
		var h leased
		_ = json.Unmarshal(text, &h) // what is no lease is watched like one
		if silent := l.watch.Silent(key, version); !h.Free && !silent {
			return nil, fmt.Errorf("store: %s: %w, %s", key, ErrTaken, h.By)
		}
	}
	l.count++
	lease := &Lease{store: l.store, key: key, mine: leased{By: l.who, Token: l.count}, term: l.term, version: version}
	if err := lease.write(ctx); errors.Is(err, ErrChanged) {
		return nil, fmt.Errorf("store: %s: %w, which was faster", key, ErrTaken)
	} else if err != nil {
		return nil, err
	}
	l.watch.Forget(key)
	lease.pulse = heartbeat.Start(l.term, l.term*2/3, l.now, ErrLost, lease.tell)
	return lease, nil
}

// Lease is the right to some work until Release.
type Lease struct {
	pulse   *heartbeat.Pulse
	store   *Store
	key     string
	mine    leased
	version string // that was written last
	term    time.Duration
}

// write writes the object over the last version.
func (l *Lease) write(ctx context.Context) error {
	l.mine.Beat++
	text, err := json.Marshal(l.mine)
	if err != nil {
		return err
	}
	version, err := l.store.Put(ctx, l.key, text, l.version)
	if errors.Is(err, ErrChanged) { // by this lease itself, if the reply to its last beat was lost
		now, at, gerr := l.store.Get(ctx, l.key)
		var h leased
		if gerr == nil && json.Unmarshal(now, &h) == nil && h.By == l.mine.By && h.Token == l.mine.Token && !h.Free {
			version, err = l.store.Put(ctx, l.key, text, at)
		}
	}
	if err == nil {
		l.version = version
	}
	return err
}

// Context ends with ErrLost when the lease passes to another, or the store was out of reach for so long that it may have.
func (l *Lease) Context(ctx context.Context) (context.Context, context.CancelFunc) {
	return l.pulse.Context(ctx)
}

// tell tells others that the holder lives. ErrLost: another has taken over.
func (l *Lease) tell() error {
	ctx, cancel := context.WithTimeout(context.Background(), l.term/3)
	defer cancel()
	err := l.write(ctx)
	if errors.Is(err, ErrChanged) {
		return ErrLost
	}
	return err
}

// Release lets others have it at once. ErrLost: another has it already.
func (l *Lease) Release(ctx context.Context) error {
	if l.pulse.Stop() {
		return fmt.Errorf("store: %s: %w", l.key, ErrLost)
	}
	l.mine.Free = true
	if err := l.write(ctx); errors.Is(err, ErrChanged) {
		return fmt.Errorf("store: %s: %w", l.key, ErrLost)
	} else if err != nil {
		return err
	}
	return nil
}
