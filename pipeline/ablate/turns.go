package ablate

import (
	"context"
	"fmt"
	"slices"
	"sync"
)

// turns decides which member goes first at a stage that several need: the one that stands first in the plan, in every call of the command, so that
// interrupted work is gone on with by the run that has it. It also bounds how many stages are run at a time, and lets a member go on to its end before one behind it begins:
// an experiment that is ended early has whole runs.
type turns struct {
	mu    sync.Mutex
	nodes map[string]*node
	free  int             // stages that may begin now
	queue []chan struct{} // by member, who waits for one of them; nil = he does not
	kept  []bool          // by member, that one is kept for his next stage
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
	t := &turns{nodes: map[string]*node{}, free: max(1, jobs), queue: make([]chan struct{}, len(fingerprints)), kept: make([]bool, len(fingerprints))}
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
		t.release(member)
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
		t.settle(n, err)
		t.leave(member, err == nil)
	}, nil
}

// begin waits until one more stage may be run. Of those who wait, the member that stands first in the plan goes first.
func (t *turns) begin(ctx context.Context, member int) error {
	t.mu.Lock()
	if t.kept[member] {
		if t.kept[member] = false; !t.before(member) {
			t.mu.Unlock()
			return nil
		}
		t.next()
	}
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

// leave ends a stage of a member. Where he has more of them to make, and nobody waits who stands before him, his place is kept: between two stages he is not in the queue.
func (t *turns) leave(member int, goesOn bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if goesOn && !t.before(member) && t.makes(member) {
		t.kept[member] = true
		return
	}
	t.next()
}

// release gives up the place that is kept for a member.
func (t *turns) release(member int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.kept[member] {
		t.kept[member] = false
		t.next()
	}
}

// before reports whether a member waits who stands before another. The caller holds the lock.
func (t *turns) before(member int) bool {
	return slices.ContainsFunc(t.queue[:member], func(waits chan struct{}) bool { return waits != nil })
}

// makes reports whether a member has a stage to make that is not there. The caller holds the lock.
func (t *turns) makes(member int) bool {
	for _, n := range t.nodes {
		if n.owner != member {
			continue
		}
		select {
		case <-n.done:
		default:
			return true
		}
	}
	return false
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
	t.release(member)
	for _, n := range t.nodes {
		if n.owner == member {
			t.settle(n, err)
		}
	}
}
