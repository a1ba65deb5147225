package decode

import (
	"context"

	"slm/model/kernel"
)

// A batch goes through a layer in one of two ways. With many rows each thread takes a tile of rows through everything between two
// attentions, so that what it has just computed lies in its cache. With few rows there are not enough tiles: the columns of each
// product are cut instead, and each weight is read by one thread only.
const (
	manyRows  = 256 // from here on tiles of rows
	tileRows  = 128
	tallRows  = 1024 // from here on tiles of twice the height: a weight read serves more rows
	tileTasks = 8    // into how many pieces columns are cut, at most
	minColumn = 64
	smallRows = 32 // rows of a task that is not a product
)

// tile is the working memory for one tile of rows.
type tile[T kernel.Elem] struct {
	h, gateUp, act []T
}

// work holds the activations of a batch that pass between tasks.
type work[T kernel.Elem] struct {
	qkv []float32 // [rows, (H+2KV)*hd]
	o   []T       // [rows, H*hd]
}

func (n *net[T]) layers(ctx context.Context, b *batch) error {
	rows := b.pad()
	w := &work[T]{qkv: make([]float32, rows*n.config.QKVWidth()), o: make([]T, rows*n.config.QWidth())}
	if rows >= manyRows {
		return n.tall(ctx, b, w, rows)
	}
	return n.flat(ctx, b, w, rows)
}

// tall runs the layers by tiles of rows.
func (n *net[T]) tall(ctx context.Context, b *batch, w *work[T], rows int) error {
	height := tileRows
	if rows >= tallRows {
		height *= 2
	}
	each := func(f func(t *tile[T], lo, hi int)) {
		kernel.Tiles(rows, height, func(lo, hi int) {
			t := n.tiles.Get().(*tile[T])
			defer n.tiles.Put(t)
			grow(&t.h, height*n.config.Width)
			grow(&t.gateUp, height*2*n.config.Hidden)
			grow(&t.act, height*n.config.Hidden)
			f(t, lo, hi)
		})
	}
	each(func(t *tile[T], lo, hi int) { n.project(t, b, w, 0, lo, hi) })
	for l := range n.layer {
		if err := ctx.Err(); err != nil {
			return err
		}
		n.attention(b, w, l)
		each(func(t *tile[T], lo, hi int) {
			n.mix(t, b, w, l, lo, hi)
			if l+1 < len(n.layer) {
				n.project(t, b, w, l+1, lo, hi)
			}
		})
	}
	return nil
}

// project computes the queries, keys and values of a tile.
func (n *net[T]) project(t *tile[T], b *batch, w *work[T], l, lo, hi int) {
	c, width := n.config, n.config.QKVWidth()
	n.normRows(t.h, b.x, n.layer[l].attnNorm, lo, hi)
	kernel.Linear(n.layer[l].qkv, w.qkv[lo*width:hi*width], t.h[:(hi-lo)*c.Width], hi-lo, c.Width, width, 0, width, false)
	n.turn(b, w.qkv, l, lo, min(hi, b.rows))
}

// mix adds attention's output and then the MLP's to a tile of the residual stream.
func (n *net[T]) mix(t *tile[T], b *batch, w *work[T], l, lo, hi int) {
	c, m, layer := n.config, hi-lo, &n.layer[l]
	x := b.x[lo*c.Width : hi*c.Width]
	kernel.Linear(layer.out, x, w.o[lo*c.QWidth():hi*c.QWidth()], m, c.QWidth(), c.Width, 0, c.Width, true)
	n.normRows(t.h, b.x, layer.mlpNorm, lo, hi)
	kernel.Linear(layer.gate, t.gateUp, t.h, m, c.Width, 2*c.Hidden, 0, c.Hidden, false)
	kernel.Linear(layer.up, t.gateUp[c.Hidden:], t.h, m, c.Width, 2*c.Hidden, 0, c.Hidden, false)
	for i := range m {
		row := t.gateUp[i*2*c.Hidden : (i+1)*2*c.Hidden]
		swiGLU(t.act[i*c.Hidden:(i+1)*c.Hidden], row[:c.Hidden], row[c.Hidden:])
	}
	kernel.Linear(layer.down, x, t.act, m, c.Hidden, c.Width, 0, c.Width, true)
}

// flat runs the layers by columns.
func (n *net[T]) flat(ctx context.Context, b *batch, w *work[T], rows int) error {
	c := n.config
	h, gateUp, act := make([]T, rows*c.Width), make([]T, rows*2*c.Hidden), make([]T, rows*c.Hidden)
	for l := range n.layer {
		if err := ctx.Err(); err != nil {
			return err
		}
		layer := &n.layer[l]
		n.normTiles(h, b.x, layer.attnNorm, rows)
		columns(c.QKVWidth(), func(lo, hi int) {
			kernel.Linear(layer.qkv, w.qkv[lo:], h, rows, c.Width, c.QKVWidth(), lo, hi, false)
		})
		kernel.Tiles(b.rows, smallRows, func(lo, hi int) { n.turn(b, w.qkv, l, lo, hi) })
		n.attention(b, w, l)
		columns(c.Width, func(lo, hi int) {
			kernel.Linear(layer.out, b.x[lo:], w.o, rows, c.QWidth(), c.Width, lo, hi, true)
		})
		n.normTiles(h, b.x, layer.mlpNorm, rows)
		columns(c.Hidden, func(lo, hi int) {
			up := lo + c.Hidden
			kernel.Linear(layer.gate, gateUp[lo:], h, rows, c.Width, 2*c.Hidden, lo, hi, false)
			kernel.Linear(layer.up, gateUp[up:], h, rows, c.Width, 2*c.Hidden, lo, hi, false)
			for i := range rows {
				g := i * 2 * c.Hidden
				swiGLU(act[i*c.Hidden+lo:i*c.Hidden+hi], gateUp[g+lo:g+hi], gateUp[g+up:g+up+hi-lo])
			}
		})
		columns(c.Width, func(lo, hi int) {
			kernel.Linear(layer.down, b.x[lo:], act, rows, c.Hidden, c.Width, lo, hi, true)
		})
	}
	return nil
}

// columns cuts n columns into pieces for the pool.
func columns(n int, f func(lo, hi int)) {
	width := max(minColumn, (n/tileTasks+minColumn-1)/minColumn*minColumn)
	kernel.Tiles(n, width, f)
}

// normRows writes the norms of the rows [lo,hi) of x to the first rows of dst.
func (n *net[T]) normRows(dst []T, x, weight []float32, lo, hi int) {
	width := n.config.Width
	for r := lo; r < hi; r++ {
		rmsNorm(dst[(r-lo)*width:(r-lo+1)*width], x[r*width:(r+1)*width], weight, n.config.NormEps)
	}
}

func (n *net[T]) normTiles(dst []T, x, weight []float32, rows int) {
	kernel.Tiles(rows, smallRows, func(lo, hi int) { n.normRows(dst[lo*n.config.Width:], x, weight, lo, hi) })
}

// turn applies rotary positions to the queries and keys of the rows [lo,hi), and keeps keys and values where there is a cache.
func (n *net[T]) turn(b *batch, qkv []float32, l, lo, hi int) {
	c := n.config
	hd, q, kv := c.HeadDim, c.QWidth(), c.KVWidth()
	for r := lo; r < hi; r++ {
		row, at := qkv[r*c.QKVWidth():(r+1)*c.QKVWidth()], b.at[r]
		cos, sin := n.rotary.Cos(at.position), n.rotary.Sin(at.position)
		for h := 0; h < q+kv; h += hd {
			kernel.Rope(row[h:h+hd], cos, sin)
		}
		if at.cache != nil {
			n.keep(at.cache, l, at.position, row[q:q+kv], row[q+kv:])
		}
	}
}

// attention computes w.o for every sequence of the batch.
func (n *net[T]) attention(b *batch, w *work[T], l int) {
	c := n.config
	group, hd := c.Heads/c.KVHeads, c.HeadDim
	// A task is a sequence and a key head. With few sequences it is a query head: keys are copied more often, but every thread has work.
	pieces := c.KVHeads
	if len(b.spans) < tileTasks {
		pieces = c.Heads
	}
	kernel.Parallel(len(b.spans)*pieces, func(task int) {
		s, piece := b.spans[task/pieces], task%pieces
		lo, hi := piece*c.Heads/pieces, (piece+1)*c.Heads/pieces
		a := n.tasks.Get().(*attention[T])
		defer n.tasks.Put(a)
		if s.cache == nil || s.cache.length == 0 {
			n.attend(a, s, w.qkv, w.o, lo/group, lo, hi)
			return
		}
		q := w.qkv[s.first*c.QKVWidth():]
		o := w.o[s.first*c.QWidth():]
		n.attendCached(a, o[lo*hd:hi*hd], q[lo*hd:hi*hd], s.cache, l, lo/group)
	})
}
