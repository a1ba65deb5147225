package decode

import (
	"math"
	"unsafe"

	"slm/model/kernel"
)

// cache keeps the keys (turned by their positions) and values of a sequence.
type cache struct {
	length int // positions that are complete in every layer
	room   int // positions there is memory for
	store  any // *keyValues[T], of the engine that made it
}

// keyValues are what a cache holds, in the backend's element type: the same rounding that attention within a batch gives them.
type keyValues[T kernel.Elem] struct {
	k, v []T // [L, KV, room, hd]
}

func (n *net[T]) newCache(room int) *cache {
	size := n.config.Layers * n.config.KVWidth() * room
	return &cache{room: room, store: &keyValues[T]{k: make([]T, size), v: make([]T, size)}}
}

// cacheBytes is what one position of a sequence takes.
func (n *net[T]) cacheBytes() int {
	var x T
	return 2 * int(unsafe.Sizeof(x)) * n.config.Layers * n.config.KVWidth()
}

// cached returns the keys and values of one key head, [room, hd] each.
func (n *net[T]) cached(c *cache, layer, kvHead int) (k, v []T) {
	size := c.room * n.config.HeadDim
	at := (layer*n.config.KVHeads + kvHead) * size
	s := c.store.(*keyValues[T])
	return s.k[at : at+size], s.v[at : at+size]
}

// keep stores one row's keys and values [KV*hd] of a layer.
func (n *net[T]) keep(c *cache, layer, position int, keys, values []float32) {
	hd := n.config.HeadDim
	for h := range n.config.KVHeads {
		k, v := n.cached(c, layer, h)
		kernel.Convert(k[position*hd:(position+1)*hd], keys[h*hd:(h+1)*hd])
		kernel.Convert(v[position*hd:(position+1)*hd], values[h*hd:(h+1)*hd])
	}
}

// attendCached computes attention for one new row of a cached sequence: for one key head and those query heads, out of the ones that
// it serves, that q holds. The products are too small for the backend's: they are done in float32.
//
//	q [heads*hd] the row's queries, turned; out [heads*hd]
func (n *net[T]) attendCached(a *attention[T], out []T, q []float32, c *cache, layer, kvHead int) {
	hd, length := n.config.HeadDim, c.length+1
	heads := len(q) / hd
	k, v := n.cached(c, layer, kvHead)
	keys, values := widened(&a.keys, k[:length*hd]), widened(&a.values, v[:length*hd])
	scores, o := grow(&a.own, heads*length), grow(&a.o, heads*hd)
	scale := float32(1 / math.Sqrt(float64(hd)))
	if heads > 1 {
		kernel.SgemmNT(scores, q, keys, heads, length, hd, hd, hd, length, false)
		for h := range heads {
			kernel.SoftmaxRow(scores[h*length:(h+1)*length], scale)
		}
		kernel.SgemmNN(o, scores, values, heads, hd, length, length, hd, hd, false)
	} else { // a single row repays no packing
		for j := range scores {
			scores[j] = kernel.Dot(q, keys[j*hd:(j+1)*hd])
		}
		kernel.SoftmaxRow(scores, scale)
		clear(o)
		for j, p := range scores {
			kernel.Axpy(o, values[j*hd:(j+1)*hd], p)
		}
	}
	kernel.Convert(out, o)
}

// widened returns x in float32: itself if it is, else a copy in scratch memory.
func widened[T kernel.Elem](scratch *[]float32, x []T) []float32 {
	if same, ok := any(x).([]float32); ok {
		return same
	}
	out := grow(scratch, len(x))
	kernel.Widen(out, x)
	return out
}
