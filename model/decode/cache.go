package decode

import (
	"unsafe"

	"slm/model/kernel"
)

// cache keeps the keys (rotated by their positions) and values of a sequence.
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
	s := n.stores.Get().(*keyValues[T])
	if cap(s.k) > 2*size { // memory is counted by room: what is much larger is left to the collector
		s = &keyValues[T]{}
	}
	kernel.Grow(&s.k, size)
	kernel.Grow(&s.v, size)
	return &cache{room: room, store: s}
}

// free takes a cache's memory back, for another sequence: to clear and to map as much anew takes longer than a step.
func (n *net[T]) free(c *cache) {
	n.stores.Put(c.store)
	c.store = nil
}

// fork returns a cache for a number of positions with the first of another's in it.
func (n *net[T]) fork(from *cache, length, positions int) *cache {
	c := n.newCache(positions)
	c.length = length
	for l := range n.config.Layers {
		for h := range n.config.KVHeads {
			fromK, fromV := n.cached(from, l, h)
			k, v := n.cached(c, l, h)
			copy(k, fromK[:length*n.config.HeadDim])
			copy(v, fromV[:length*n.config.HeadDim])
		}
	}
	return c
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

// attendCached computes attention for the new rows of some cached sequences and for the key heads [lo,hi).
func (n *net[T]) attendCached(w *work[T], spans []span, layer, lo, hi int) {
	a := n.tasks.Get().(*attention[T])
	defer n.tasks.Put(a)
	for i, s := range spans {
		for kv := lo; kv < hi; kv++ {
			var next []T
			if kv+1 < hi {
				next, _ = n.cached(s.cache, layer, kv+1)
			} else if i+1 < len(spans) {
				next, _ = n.cached(spans[i+1].cache, layer, lo)
			}
			n.attendRow(a, w.qkv, &w.o, s, layer, kv, next)
		}
	}
}

// keep stores the key and the value [hd] of one head of a row of a layer.
func (n *net[T]) keep(c *cache, layer, position, kvHead int, key, value []float32) {
	hd := n.config.HeadDim
	k, v := n.cached(c, layer, kvHead)
	kernel.Convert(k[position*hd:(position+1)*hd], key)
	kernel.Convert(v[position*hd:(position+1)*hd], value)
}

// zero clears what a cache has in a layer from a position on, up to a multiple of block: attention over a piece reads as far.
func (n *net[T]) zero(c *cache, layer, from, kvHead int) {
	k, v := n.cached(c, layer, kvHead)
	lo, hi := from*n.config.HeadDim, roundUp(from)*n.config.HeadDim
	clear(k[lo:hi])
	clear(v[lo:hi])
}

// copyPrefix makes the first n positions of dst those of src.
func (n *net[T]) copyPrefix(dst, src *cache, positions int) {
	size := positions * n.config.HeadDim
	for l := range n.layer {
		for h := range n.config.KVHeads {
			dk, dv := n.cached(dst, l, h)
			sk, sv := n.cached(src, l, h)
			copy(dk[:size], sk[:size])
			copy(dv[:size], sv[:size])
		}
	}
	dst.length = positions
}

// attendCapped is kernel.DecodeAttention with bounded scores.
func (n *net[T]) attendCapped(out, q []float32, k, v []T, scores []float32, wide *[]float32) {
	hd := len(q)
	for j := range scores {
		scores[j] = kernel.Dot(q, floats(k[j*hd:(j+1)*hd], wide))
	}
	n.softmax(scores)
	clear(out)
	for j, p := range scores {
		kernel.Axpy(out, floats(v[j*hd:(j+1)*hd], wide), p)
	}
}

// floats returns x in float32, which may be in room.
func floats[T kernel.Elem](x []T, room *[]float32) []float32 {
	if f, ok := any(x).([]float32); ok {
		return f
	}
	out := kernel.Grow(room, len(x))
	kernel.FromBF16(out, any(x).([]uint16))
	return out
}

// attendRow computes attention for the one new row of a cached sequence, for a key head and the query heads that it serves. The products are
// too small for the backend's: they are done in float32. next are the keys that are read then.
func (n *net[T]) attendRow(a *attention[T], qkv []float32, out *left[T], s span, layer, kvHead int, next []T) {
	hd, length, group := n.config.HeadDim, s.cache.length+1, n.config.Heads/n.config.KVHeads
	k, v := n.cached(s.cache, layer, kvHead)
	unseen := n.unseen(layer, length)
	k, v, length = k[unseen*hd:length*hd], v[unseen*hd:length*hd], length-unseen
	q := qkv[s.first*n.config.QKVWidth()+kvHead*group*hd:][:group*hd]
	scores, o := kernel.Grow(&a.row, length), kernel.Grow(&a.o, group*hd)
	for h := 0; h < len(q); h += hd {
		if n.config.ScoreCap > 0 {
			n.attendCapped(o[h:h+hd], q[h:h+hd], k, v, scores, &a.wide)
			continue
		}
		kernel.DecodeAttention(o[h:h+hd], q[h:h+hd], k, v, next, scores, &a.wide)
	}
	out.put(s.first, kvHead*group*hd, o)
}

func (n *net[T]) invariant() bool { return n.backend.Traits().BatchInvariant }
