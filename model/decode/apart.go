package decode

import (
	"context"
	"unsafe"

	"slm/model/kernel"
)

// New rows of cached sequences need nothing of each other. With many of them, and weights that are few, each thread takes its rows through all
// layers to their next tokens: it reads all weights instead of its share of them, but waits for nobody between products, and finds in its own
// caches what it has computed.
const (
	apartRows    = 32       // of a thread, at least: the rows that one pass over the weights serves
	apartWeights = 16 << 20 // bytes, at most: what the threads' common cache is likely to hold
)

// share is how many rows of a batch each thread takes apart from the others, 0 for none. It depends on the number of threads, so it is for
// batch-invariant backends.
func (n *net[T]) share(b *batch, rows int) int {
	threads := kernel.Threads()
	if !b.cached() || rows < apartRows*threads || n.weightBytes() > apartWeights || !n.backend.Traits().BatchInvariant {
		return 0
	}
	return padRows((rows + threads - 1) / threads)
}

// weightBytes is about what a row reads of matrices.
func (n *net[T]) weightBytes() int64 {
	var x T
	return int64(unsafe.Sizeof(x)) * n.config.Count()
}

// apart takes the rows [lo,hi) of a batch of cached sequences through all layers and hands their logits over. err is all threads'; the first looks
// whether the work is still wanted.
func (n *net[T]) apart(ctx context.Context, err *error, b *batch, w *work[T], lo, hi int, logits []float32, each func(i int, logits []float32)) {
	vocab, last := n.config.Vocab, min(hi, b.rows)
	t := n.tiles.Get().(*tile[T])
	defer n.tiles.Put(t)
	n.fit(&t.h, hi-lo, n.config.Width)
	n.fit(&t.act, hi-lo, n.config.Hidden)
	for l := range n.layer {
		if lo == 0 {
			if *err = ctx.Err(); *err != nil {
				return
			}
		}
		n.project(t, b, w, l, lo, hi)
		n.attendCached(w, b.spans[lo:last], l, 0, n.config.KVHeads)
		n.mix(t, b, w, l, lo, hi)
	}
	n.normRows(&t.h, 0, b.x, n.norm, lo, hi)
	n.head.mul(logits[lo*vocab:hi*vocab], &t.h, 0, hi-lo, vocab, 0, vocab, false)
	for i := lo; i < last; i++ {
		n.capLogits(logits[i*vocab : (i+1)*vocab])
		each(i, logits[i*vocab:(i+1)*vocab])
	}
}
