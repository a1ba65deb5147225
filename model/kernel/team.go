package kernel

import (
	"sync"
	"sync/atomic"
)

// Member is one of some goroutines that go through the same steps together: each calls Parallel and Tiles in the same order with the same
// arguments, and a call returns when all tiles of the step are done. That costs a fraction of starting goroutines for each step, which
// counts where a step takes microseconds.
type Member struct {
	team *team
	step uint32
}

// team is where its members meet. Tiles are handed out by two counters in turn: who arrives last at the end of a step resets the one of the
// step after the next, which nobody reads any more.
type team struct {
	size    int
	next    [2]atomic.Int64
	arrived atomic.Int32
	steps   atomic.Uint32 // that are done
	mu      sync.Mutex
	moved   *sync.Cond
}

// Together runs f on size goroutines, Threads() for less than 1.
func Together(size int, f func(m *Member)) {
	if size < 1 {
		size = Threads()
	}
	t := &team{size: size}
	t.moved = sync.NewCond(&t.mu)
	var wg sync.WaitGroup
	wg.Add(size - 1)
	for range size - 1 {
		go func() {
			defer wg.Done()
			f(&Member{team: t})
		}()
	}
	f(&Member{team: t})
	wg.Wait()
}

// Parallel does tiles 0 … n-1, each once, like the function of that name.
func (m *Member) Parallel(n int, f func(tile int)) {
	t := m.team
	next := &t.next[m.step%2]
	for i := next.Add(1) - 1; i < int64(n); i = next.Add(1) - 1 {
		f(int(i))
	}
	m.meet()
}

// Tiles cuts n rows into tiles of at most size rows, like the function of that name.
func (m *Member) Tiles(n, size int, f func(lo, hi int)) {
	m.Parallel((n+size-1)/size, func(tile int) {
		lo := tile * size
		f(lo, min(lo+size, n))
	})
}

// A member looks spins times for the others before it sleeps, with some pauses in between: a few tenths of a millisecond. To sleep and to be woken
// takes up to a tenth on a virtual machine, and members of a step of unequal tiles are often some hundredths apart.
const (
	spins  = 1000
	pauses = 8
)

// wait tells the processor that the thread waits, so that it leaves the core's resources to others.
func wait() {
	if cpu >= levelAVX2 {
		pauseAVX2(pauses)
	}
}

// meet waits for all members.
func (m *Member) meet() {
	t := m.team
	m.step++
	if int(t.arrived.Add(1)) == t.size {
		t.arrived.Store(0)
		t.next[(m.step+1)%2].Store(0)
		t.mu.Lock()
		t.steps.Store(m.step)
		t.mu.Unlock()
		t.moved.Broadcast()
		return
	}
	for range spins {
		if t.steps.Load() == m.step {
			return
		}
		wait()
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for t.steps.Load() != m.step {
		t.moved.Wait()
	}
}
