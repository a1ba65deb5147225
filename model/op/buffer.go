package op

import (
	"sync"

	"slm/model/kernel"
)

// Scratch of a tile comes from free lists by size, so that a step allocates nothing once every size has been seen.
var buffers sync.Map // bufferKey → *sync.Pool

type bufferKey struct {
	size int
	bf16 bool
}

// buffer returns scratch of n elements with arbitrary content; give it back with release.
func buffer[E kernel.Elem](n int) *[]E {
	pool := bufferPool[E](n)
	if b, ok := pool.Get().(*[]E); ok {
		return b
	}
	b := make([]E, n)
	return &b
}

func release[E kernel.Elem](b *[]E) { bufferPool[E](len(*b)).Put(b) }

func bufferPool[E kernel.Elem](n int) *sync.Pool {
	var zero E
	_, bf16 := any(zero).(uint16)
	key := bufferKey{n, bf16}
	if p, ok := buffers.Load(key); ok {
		return p.(*sync.Pool)
	}
	p, _ := buffers.LoadOrStore(key, new(sync.Pool))
	return p.(*sync.Pool)
}
