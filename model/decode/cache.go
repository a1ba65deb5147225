package decode

import (
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

// keep stores the key and the value [hd] of one head of a row of a layer.
func (n *net[T]) keep(c *cache, layer, position, kvHead int, key, value []float32) {
	hd := n.config.HeadDim
	k, v := n.cached(c, layer, kvHead)
	kernel.Convert(k[position*hd:(position+1)*hd], key)
	kernel.Convert(v[position*hd:(position+1)*hd], value)
}

// recall computes attention for the one new row of a cached sequence, for a key head and the query heads that it serves. The products are
// too small for the backend's: they are done in float32.
func (n *net[T]) recall(a *attention[T], qkv []float32, out *left[T], s span, layer, kvHead int) {
	hd, length, group := n.config.HeadDim, s.cache.length+1, n.config.Heads/n.config.KVHeads
	k, v := n.cached(s.cache, layer, kvHead)
	q := qkv[s.first*n.config.QKVWidth()+kvHead*group*hd:][:group*hd]
	scores, o := kernel.Grow(&a.row, length), kernel.Grow(&a.o, group*hd)
	for h := 0; h < len(q); h += hd {
		kernel.Recall(o[h:h+hd], q[h:h+hd], k[:length*hd], v[:length*hd], scores, &a.wide)
	}
	out.put(s.first, kvHead*group*hd, o)
}
