package ablate

import (
	"context"
	"fmt"
	"sync"
)

// turns decides which member goes first at a stage that several need: the one that stands first in the plan, in every call of the command, so that
// interrupted work is gone on with by the run that has it. It also bounds how many stages are run at a time.
type turns struct {
	mu    sync.Mutex
	nodes map[string]*node
	free  int             // stages that may begin now
	queue []chan struct{} // by member, who waits for one of them; nil = he does not
}

// node is a stage that one member makes and all members of its fingerprint use.
type node struct {
	owner int
	done  chan struct{}
	err   error // why there is no checkpoint; read after done is closed
}

// errShared says that a stage failed in the member that was to make it.
type errShared struct {
	stage, by string
	why       error
}

func (e *errShared) Error() string {
	return fmt.Sprintf("%s: it shares the stage with %s, where it failed: %s", e.stage, e.by, e.why)
}
func (e *errShared) Unwrap() error { return e.why }

// newTurns knows from the members' fingerprints, in the order of the plan, who makes what.
func newTurns(fingerprints [][]string, jobs int) *turns {
	t := &turns{nodes: map[string]*node{}, free: max(1, jobs), queue: make([]chan struct{}, len(fingerprints))}
	for member, list := range fingerprints {
		for _, f := range list {
			if t.nodes[f] == nil {
				t.nodes[f] = &node{owner: member, done: make(chan struct{})}
			}
		}
	}
	return t
}

// wait blocks until a member may work on a stage. done is to be told how that ended.
func (t *turns) wait(ctx context.Context, member int, name func(member int) string, stage, fingerprint string) (done func(error), err error) {
	n := t.nodes[fingerprint]
	if n.owner != member {
		select {
		case <-n.done:
		case <-ctx.Done():
			return nil, fmt.Errorf("ablate: stopped before %s: %w", stage, context.Cause(ctx))
		}
		if n.err != nil {
			return nil, &errShared{stage, name(n.owner), n.err}
		}
		return func(error) {}, nil
	}
	if err := t.begin(ctx, member); err != nil {
		return nil, fmt.Errorf("ablate: stopped before %s: %w", stage, err)
	}
	return func(err error) {
		t.leave()
		t.settle(n, err)
	}, nil
}

// begin waits until one more stage may be run. Of those who wait, the member that stands first in the plan goes first.
func (t *turns) begin(ctx context.Context, member int) error {
	t.mu.Lock()
	if t.free > 0 {
		t.free--
		t.mu.Unlock()
		return nil
	}
	mine := make(chan struct{})
	t.queue[member] = mine
	t.mu.Unlock()
	select {
	case <-mine:
		return nil
	case <-ctx.Done():
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.queue[member] == nil { // it has just been let in
		t.next()
	}
	t.queue[member] = nil
	return context.Cause(ctx)
}

func (t *turns) leave() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.next()
}

// next lets the first in the queue begin. The caller holds the lock.
func (t *turns) next() {
	for i, waits := range t.queue {
		if waits != nil {
			t.queue[i] = nil
			close(waits)
			return
		}
	}
	t.free++
}

// settle closes a node.
func (t *turns) settle(n *node, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	select {
	case <-n.done:
	default:
		n.err = err
		close(n.done)
	}
}

// end closes what a member was to make and has not reached.
func (t *turns) end(member int, err error) {
	for _, n := range t.nodes {
		if n.owner == member {
			t.settle(n, err)
		}
	}
}
