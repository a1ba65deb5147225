package kernel

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// Threads is the number of goroutines that Parallel uses. It changes speed only, never a result.
func Threads() int { return runtime.GOMAXPROCS(0) }

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
