package kernel

import (
	"sync"
	"sync/atomic"
)

// Worker is one of some goroutines that go through the same steps together: each calls Parallel and Tiles in the same order with the same
// arguments, and a call returns when all tiles of the step are done. That costs a fraction of starting goroutines for each step, which
// counts where a step takes microseconds.
type Worker struct {
	team *team
	step uint32
}

// team is where its workers meet. Tiles are handed out by two counters in turn: who arrives last at the end of a step resets the one of the
// step after the next, which nobody reads any more.
type team struct {
	size    int
	next    [2]atomic.Int64
	arrived atomic.Int32
	steps   atomic.Uint32 // that are done
	mu      sync.Mutex
	moved   *sync.Cond
}

// RunTeam runs f on size goroutines, Threads() for less than 1.
func RunTeam(size int, f func(w *Worker)) {
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
			f(&Worker{team: t})
		}()
	}
	f(&Worker{team: t})
	wg.Wait()
}

// Parallel does tiles 0 … n-1, each once, like the function of that name.
func (w *Worker) Parallel(n int, f func(tile int)) {
	t := w.team
	next := &t.next[w.step%2]
	for i := next.Add(1) - 1; i < int64(n); i = next.Add(1) - 1 {
		f(int(i))
	}
	w.meet()
}

// Tiles cuts n rows into tiles of at most size rows, like the function of that name.
func (w *Worker) Tiles(n, size int, f func(lo, hi int)) {
	w.Parallel((n+size-1)/size, func(tile int) {
		lo := tile * size
		f(lo, min(lo+size, n))
	})
}

// A worker looks spins times for the others before it sleeps, with some pauses in between: a few tenths of a millisecond. To sleep and to be woken
// takes up to a tenth on a virtual machine, and workers of a step of unequal tiles are often some hundredths apart.
const (
	spins  = 1000
	pauses = 8
)

// meet waits for all workers.
func (w *Worker) meet() {
	t := w.team
	w.step++
	if int(t.arrived.Add(1)) == t.size {
		t.arrived.Store(0)
		t.next[(w.step+1)%2].Store(0)
		t.mu.Lock()
		t.steps.Store(w.step)
		t.mu.Unlock()
		t.moved.Broadcast()
		return
	}
	for range spins {
		if t.steps.Load() == w.step {
			return
		}
		cpu.pause(pauses) // so that the core's resources are left to others
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for t.steps.Load() != w.step {
		t.moved.Wait()
	}
}
