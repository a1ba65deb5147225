package decode

import (
	"context"

	"slm/model/kernel"
)

// A batch goes through a layer in one of two ways. With many rows each thread takes a tile of rows through everything between two
// attentions, so that what it has just computed lies in its cache. With few rows there are not enough tiles: the columns of each
// product are cut instead, and each weight is read by one thread only. New rows of many sequences have a third way (apart.go).
const (
	manyRows  = 256 // from here on tiles of rows
	tileRows  = 128
	tallRows  = 1024 // from here on tiles of twice the height: a weight read serves more rows
	tileTasks = 8    // into how many pieces columns are cut, at most; blocks of weights into four times as many
	minColumn = 64
	smallRows = 32  // rows of a task that is not a product
	gateWidth = 256 // columns of the gate that a tile of rows computes at a time
)

// tile is the working memory for one tile of rows.
type tile[T kernel.Elem] struct {
	h, act left[T]
	gateUp []T
	gate   gates
	post   []float32 // [rows, C], in front of the norm behind a block
}

// gates is a piece of the gate and of the other half, in float32.
type gates struct{ gate, up []float32 }

// work holds the activations of a batch that pass between tasks.
type work[T kernel.Elem] struct {
	qkv    []float32 // [rows, (H+2KV)*hd]
	o      left[T]   // [rows, H*hd]
	h, act left[T]
	gateUp []T
	post   []float32 // [rows, C], as in tile
}

func (n *net[T]) layers(ctx context.Context, b *batch) (err error) {
	w := n.works.Get().(*work[T])
	defer n.works.Put(w)
	rows := n.prepare(b, w)
	if rows >= manyRows {
		return n.tall(ctx, b, w, rows)
	}
	kernel.RunTeam(0, func(team *kernel.Worker) { n.flat(ctx, &err, team, b, w, rows) })
	return err
}

// next is a step of generation: it runs all blocks, and hands the logits [V] of each of some rows over. With few rows one team does it all.
func (n *net[T]) next(ctx context.Context, b *batch, ends []int, room *[]float32, each func(i int, logits []float32)) (err error) {
	vocab, m := n.config.Vocab, len(ends)
	if padRows(b.rows) >= manyRows {
		if err := n.layers(ctx, b); err != nil {
			return err
		}
		logits := n.logits(room, b.gather(ends), m)
		kernel.Parallel(m, func(i int) { each(i, logits[i*vocab:(i+1)*vocab]) })
		return nil
	}
	w := n.works.Get().(*work[T])
	defer n.works.Put(w)
	rows, last := n.prepare(b, w), padRows(m)
	logits := kernel.Grow(room, last*vocab)
	if share := n.share(b, rows); share > 0 {
		kernel.Tiles(rows, share, func(lo, hi int) { n.apart(ctx, &err, b, w, lo, hi, logits, each) })
		return err
	}
	kernel.RunTeam(0, func(team *kernel.Worker) {
		if n.flat(ctx, &err, team, b, w, rows); err != nil {
			return
		}
		team.Tiles(last, smallRows, func(lo, hi int) {
			for r := lo; r < hi; r++ {
				if r < m {
					n.normRows(&w.h, r, b.x, n.norm, ends[r], ends[r]+1)
				} else {
					w.h.clear(r)
				}
			}
		})
		team.Tiles(vocab, sliceVocab, func(lo, hi int) { n.head.mul(logits[lo:], &w.h, 0, last, vocab, lo, hi, false) })
		team.Parallel(m, func(i int) {
			n.capLogits(logits[i*vocab : (i+1)*vocab])
			each(i, logits[i*vocab:(i+1)*vocab])
		})
	})
	return err
}

// prepare makes room for a batch and pads it to the height that it returns.
func (n *net[T]) prepare(b *batch, w *work[T]) (rows int) {
	rows = b.pad()
	n.cut(b)
	kernel.Grow(&w.qkv, rows*n.config.QKVWidth())
	n.fit(&w.o, rows, n.config.QWidth())
	for r := b.rows; r < rows; r++ { // what nobody writes is 0
		w.o.clear(r)
	}
	if rows < manyRows {
		n.fit(&w.h, rows, n.config.Width)
		n.fit(&w.act, rows, n.config.Hidden)
		if !n.format.whole() {
			kernel.Grow(&w.gateUp, rows*2*n.config.Hidden)
		}
		if n.config.PostNorm {
			kernel.Grow(&w.post, rows*n.config.Width)
		}
	}
	return rows
}

// clear makes a row 0.
func (x *left[T]) clear(row int) {
	if x.format.whole() {
		clear(x.plain[row*x.k : (row+1)*x.k])
		x.round(row, row+1)
	} else {
		clear(x.wide[row*x.k : (row+1)*x.k])
	}
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
			n.fit(&t.h, height, n.config.Width)
			n.fit(&t.act, height, n.config.Hidden)
			f(t, lo, hi)
		})
	}
	each(func(t *tile[T], lo, hi int) { n.project(t, b, w, 0, lo, hi) })
	for l := range n.layer {
		if err := ctx.Err(); err != nil {
			return err
		}
		kernel.Parallel(len(b.shares), func(task int) { n.attention(b, w, l, b.shares[task]) })
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
	width := n.config.QKVWidth()
	n.normRows(&t.h, 0, b.x, n.layer[l].attnNorm, lo, hi)
	n.layer[l].qkv.mul(w.qkv[lo*width:hi*width], &t.h, 0, hi-lo, width, 0, width, false)
	for r := lo; r < min(hi, b.rows); r++ {
		n.applyRotary(b, w.qkv, l, r, 0, n.config.KVHeads)
	}
}

// mix adds attention's output and then the MLP's to a tile of the residual stream.
func (n *net[T]) mix(t *tile[T], b *batch, w *work[T], l, lo, hi int) {
	c, m, layer := n.config, hi-lo, &n.layer[l]
	x := b.x[lo*c.Width : hi*c.Width]
	if n.format.whole() {
		w.o.round(lo, hi)
	}
	n.residual(t, x, &layer.out, &w.o, lo, m, layer.extras.PostAttention)
	n.normRows(&t.h, 0, b.x, layer.mlpNorm, lo, hi)
	if n.format.whole() {
		for col := 0; col < c.Hidden; col += gateWidth {
			n.gateWhole(&t.gate, &t.act, &t.h, layer, m, col, min(col+gateWidth, c.Hidden))
		}
		t.act.round(0, m)
	} else {
		kernel.Grow(&t.gateUp, m*2*c.Hidden)
		n.gateWide(t.gateUp, &t.act, &t.h, layer, m, 0, c.Hidden)
	}
	n.residual(t, x, &layer.down, &t.act, 0, m, layer.extras.PostMLP)
}

// gateWide computes the columns [lo,hi) of the activations of m rows; gateUp [m,2*hidden] is room.
func (n *net[T]) gateWide(gateUp []T, act, h *left[T], layer *layer[T], m, lo, hi int) {
	c := n.config
	up := lo + c.Hidden
	kernel.Linear(layer.gate.wide, gateUp[lo:], h.wide, m, c.Width, 2*c.Hidden, lo, hi, false)
	kernel.Linear(layer.up.wide, gateUp[up:], h.wide, m, c.Width, 2*c.Hidden, lo, hi, false)
	for i := range m {
		g := i * 2 * c.Hidden
		n.gated(act.wide[i*c.Hidden+lo:i*c.Hidden+hi], gateUp[g+lo:g+hi], gateUp[g+up:g+up+hi-lo])
	}
}

// gateWhole is gateWide where the rest stays in float32; the rows of act are yet to be rounded.
func (n *net[T]) gateWhole(g *gates, act, h *left[T], layer *layer[T], m, lo, hi int) {
	width := hi - lo
	gate, up := kernel.Grow(&g.gate, m*width), kernel.Grow(&g.up, m*width)
	layer.gate.mul(gate, h, 0, m, width, lo, hi, false)
	layer.up.mul(up, h, 0, m, width, lo, hi, false)
	for i := range m {
		n.gated32(act.plain[i*act.k+lo:i*act.k+hi], gate[i*width:(i+1)*width], up[i*width:(i+1)*width])
	}
}

// flat runs the layers by columns; each worker of a team does it. err is theirs together.
func (n *net[T]) flat(ctx context.Context, err *error, team *kernel.Worker, b *batch, w *work[T], rows int) {
	c, cached := n.config, b.cached()
	t := n.tiles.Get().(*tile[T])
	defer n.tiles.Put(t)
	for l := range n.layer {
		layer := &n.layer[l]
		team.Tiles(rows, smallRows, func(lo, hi int) {
			if lo == 0 {
				*err = ctx.Err()
			}
			n.arrive(b, w, l, lo, hi)
			n.normRows(&w.h, lo, b.x, layer.attnNorm, lo, hi)
		})
		if *err != nil {
			return
		}
		n.byColumns(team, c.QKVWidth(), func(lo, hi int) {
			layer.qkv.mul(w.qkv[lo:], &w.h, 0, rows, c.QKVWidth(), lo, hi, false)
		})
		if !cached {
			team.Tiles(b.rows, smallRows, func(lo, hi int) {
				for r := lo; r < hi; r++ {
					n.applyRotary(b, w.qkv, l, r, 0, c.KVHeads)
				}
			})
		}
		team.Parallel(len(b.shares), func(task int) {
			if share := b.shares[task]; cached {
				group := c.Heads / c.KVHeads
				n.applyRotary(b, w.qkv, l, b.spans[share.span].first, share.lo/group, share.hi/group)
			}
			n.attention(b, w, l, b.shares[task])
		})
		if n.format.whole() {
			team.Tiles(b.rows, smallRows, w.o.round)
		}
		n.byColumns(team, c.Width, func(lo, hi int) {
			layer.out.mul(n.results(b, w)[lo:], &w.o, 0, rows, c.Width, lo, hi, !c.PostNorm)
		})
		team.Tiles(rows, smallRows, func(lo, hi int) {
			if c.PostNorm {
				n.addNormed(b.x, w.post, layer.extras.PostAttention, lo, hi)
			}
			n.normRows(&w.h, lo, b.x, layer.mlpNorm, lo, hi)
		})
		n.byColumns(team, c.Hidden, func(lo, hi int) {
			if n.format.whole() {
				n.gateWhole(&t.gate, &w.act, &w.h, layer, rows, lo, hi)
			} else {
				n.gateWide(w.gateUp, &w.act, &w.h, layer, rows, lo, hi)
			}
		})
		if n.format.whole() {
			team.Tiles(rows, smallRows, w.act.round)
		}
		n.byColumns(team, c.Width, func(lo, hi int) {
			layer.down.mul(n.results(b, w)[lo:], &w.act, 0, rows, c.Width, lo, hi, !c.PostNorm)
		})
	}
	if c.PostNorm {
		team.Tiles(rows, smallRows, func(lo, hi int) { n.arrive(b, w, len(n.layer), lo, hi) })
	}
}

// byColumns cuts columns into pieces for a team. Blocks of weights lie in narrow panels, so that pieces can be many and shares nearly equal.
func (n *net[T]) byColumns(team *kernel.Worker, cols int, f func(lo, hi int)) {
	least, tasks := minColumn, tileTasks
	if n.format == blocks {
		least, tasks = minColumn/2, 4*tileTasks
	}
	width := max(least, (cols/tasks+least-1)/least*least)
	team.Tiles(cols, width, f)
}

// normRows writes the norms of the rows [lo,hi) of x to the rows of dst from row on.
func (n *net[T]) normRows(dst *left[T], row int, x, weight []float32, lo, hi int) {
	width := n.config.Width
	for r := lo; r < hi; r++ {
		n.normInto(dst, row+r-lo, x[r*width:(r+1)*width], weight)
	}
}

// applyRotary applies rotary positions to a row's queries and keys that belong to the key heads [lo,hi), and keeps keys and values where there is a
// cache.
func (n *net[T]) applyRotary(b *batch, qkv []float32, l, r, lo, hi int) {
	c := n.config
	hd, group := c.HeadDim, c.Heads/c.KVHeads
	row, at := qkv[r*c.QKVWidth():(r+1)*c.QKVWidth()], b.at[r]
	cos, sin := n.rotaryOf(l).at(at.index)
	n.adjust(row, l, lo, hi)
	for h := lo * group * hd; h < hi*group*hd; h += hd {
		kernel.Rope(row[h:h+hd], cos, sin)
	}
	for h := lo; h < hi; h++ {
		k := row[c.QWidth()+h*hd:][:hd]
		kernel.Rope(k, cos, sin)
		if at.cache != nil {
			n.keep(at.cache, l, at.index, h, k, row[c.QWidth()+c.KVWidth()+h*hd:][:hd])
			if at.last {
				n.zero(at.cache, l, at.index+1, h)
			}
		}
	}
}

// cut divides attention into tasks: a sequence each, with few sequences a key head of one. A sequence that is read is cut by query heads where there
// are few, or where generated rows stand beside it, which take much less: keys are copied more often, but every thread has work. Those come first.
func (n *net[T]) cut(b *batch) {
	c, few := n.config, len(b.spans) < tileTasks
	b.shares = b.shares[:0]
	for _, generated := range []bool{false, true} {
		for i, s := range b.spans {
			if generated != (s.rule == step) {
				continue
			}
			pieces := c.KVHeads
			switch {
			case !generated && (few || b.steps > 0):
				pieces = c.Heads
			case generated && !few:
				pieces = 1
			}
			for p := range pieces {
				b.shares = append(b.shares, share{i, p * c.Heads / pieces, (p + 1) * c.Heads / pieces})
			}
		}
	}
}

// attention computes w.o for a share of the heads. Queries and keys are rotated.
func (n *net[T]) attention(b *batch, w *work[T], l int, t share) {
	s, group := b.spans[t.span], n.config.Heads/n.config.KVHeads
	if s.rule == step {
		n.attendCached(w, b.spans[t.span:][:1], l, t.lo/group, t.hi/group)
		return
	}
	a := n.tasks.Get().(*attention[T])
	defer n.tasks.Put(a)
	for kv := t.lo / group; kv*group < t.hi; kv++ {
		n.attend(a, s, w.qkv, &w.o, l, kv, max(t.lo, kv*group), min(t.hi, (kv+1)*group))
	}
}
