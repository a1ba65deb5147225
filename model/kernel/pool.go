package kernel

import (
	"runtime"
	"sync"
	"sync/atomic"
)

var threads atomic.Int32

// SetThreads fixes how many goroutines Parallel uses; n < 1 means GOMAXPROCS. It changes speed only, never a result.
func SetThreads(n int) { threads.Store(int32(n)) }

// Threads is the number of goroutines that Parallel uses.
func Threads() int {
	if n := int(threads.Load()); n > 0 {
		return n
	}
	return runtime.GOMAXPROCS(0)
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
