package kernel

import (
	"runtime"
	"sync/atomic"
	"testing"
	"time"
)

func TestParallel_CallsEveryTileOnceWhateverTheThreads(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, threads := range []int{1, 2, 3, 8, 50} {
		runtime.GOMAXPROCS(threads)
		for _, n := range []int{0, 1, 2, 7, 49, 1000} {
			calls := make([]atomic.Int32, n)
			Parallel(n, func(i int) { calls[i].Add(1) })
			for i := range calls {
				if c := calls[i].Load(); c != 1 {
					t.Fatalf("%d threads: tile %d of %d was called %d times", threads, i, n, c)
				}
			}
		}
	}
}

func TestReserve_LeavesAThreadThatThePoolDoesNotUse(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	defer reserved.Store(reserved.Load())
	before := Threads()
	if Reserve(); Threads() != before || runtime.GOMAXPROCS(0) <= Threads() {
		t.Errorf("the pool has %d threads in place of %d, Go %d", Threads(), before, runtime.GOMAXPROCS(0))
	}
}

func TestParallel_UsesAsManyGoroutinesAsThereAreThreads(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	runtime.GOMAXPROCS(4)
	// Each of the four tiles waits for the others, which fewer goroutines could not do.
	var arrived atomic.Int32
	all := make(chan struct{})
	Parallel(4, func(tile int) {
		if arrived.Add(1) == 4 {
			close(all)
		}
		select {
		case <-all:
		case <-time.After(time.Minute):
			t.Errorf("tile %d waits for others that never start", tile)
		}
	})
	if Threads() != 4 {
		t.Errorf("%d threads", Threads())
	}
}

func TestParallel_MayBeCalledInsideATile(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	runtime.GOMAXPROCS(3)
	var sum atomic.Int64
	Parallel(5, func(i int) { Parallel(7, func(j int) { sum.Add(int64(i*7 + j)) }) })
	if sum.Load() != 34*35/2 {
		t.Errorf("sum %d", sum.Load())
	}
}

func TestTiles_CoverEveryRowOnceInPiecesOfTheirSize(t *testing.T) {
	for _, c := range [][2]int{{0, 4}, {1, 4}, {4, 4}, {5, 4}, {100, 7}} {
		seen := make([]atomic.Int32, c[0])
		Tiles(c[0], c[1], func(lo, hi int) {
			if lo%c[1] != 0 || hi-lo > c[1] || hi <= lo {
				t.Errorf("%v: tile [%d,%d)", c, lo, hi)
			}
			for i := lo; i < hi; i++ {
				seen[i].Add(1)
			}
		})
		for i := range seen {
			if seen[i].Load() != 1 {
				t.Errorf("%v: row %d was covered %d times", c, i, seen[i].Load())
			}
		}
	}
}
