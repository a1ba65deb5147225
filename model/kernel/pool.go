package kernel

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// Threads is the number of goroutines that Parallel uses. It changes speed only, never a result.
func Threads() int { return max(1, runtime.GOMAXPROCS(0)-int(reserved.Load())) }

// reserved are threads that the pool leaves to others.
var reserved atomic.Int32

// Reserve has Go run one more thread than the pool uses, for somebody whose short turns must not wait for tiles, such as who exchanges gradients while they are computed. Without it the pool
// has all threads, and the scheduler takes one away for others every 10 ms at best.
func Reserve() {
	reserved.Add(1)
	runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + 1)
}

// Parallel calls f(0) … f(n-1), each once, on the pool. What a tile computes must depend on its index alone: then the result is
// the same whatever the number of threads, which only decides who takes which tile.
func Parallel(n int, f func(tile int)) {
	workers := min(Threads(), n)
	if workers <= 1 {
		for i := range n {
			f(i)
		}
		return
	}
	var next atomic.Int64
	work := func() {
		for {
			i := int(next.Add(1)) - 1
			if i >= n {
				return
			}
			f(i)
		}
	}
	var wg sync.WaitGroup
	wg.Add(workers - 1)
	for range workers - 1 {
		go func() {
			defer wg.Done()
			work()
		}()
	}
	work()
	wg.Wait()
}

// Tiles cuts n rows into tiles of at most size rows and calls f on each [lo,hi) through Parallel.
func Tiles(n, size int, f func(lo, hi int)) {
	Parallel((n+size-1)/size, func(tile int) {
		lo := tile * size
		f(lo, min(lo+size, n))
	})
}
