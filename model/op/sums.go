package op

import (
	"slm/internal/pairwise"
	"slm/model/kernel"
)

// Gradients of rows of the batch are added in a tree: within a leaf of r.leaf() rows in order, then leaves by pairwise.Order. Slot 0 of a sum is the
// accumulator; the others are scratch, of a tile where one call has all rows. Where the class says so, each leaf and each sum of leaves is rounded (halves).

// halves says that leaves and their sums are rounded to bfloat16. Where Leaf is 0 a run has only a part of a leaf.
func (r *Runtime[T]) halves() bool { return r.Leaf > 0 && r.be.Traits().HalfSums }

// product is the gradient of one weight matrix: sums += dyᵀ·x with dy [N,M] and x [N,K], rows ldy and ldx apart.
type product[T kernel.Elem] struct {
	sums *accumulator
	dy   []T
	ldy  int
	x    []T
	ldx  int

	lefts          []kernel.Transposed[T] // dyᵀ of each group of rows
	from, to, wide int                    // columns of the result, when it is cut into tiles
}

// gradientColumns is the width of a tile of a weight's gradient.
const gradientColumns = 352

// group is some rows of a leaf that are added in one product.
type group struct{ first, rows int }

// mergedTerms is how many terms are summed before a weight's gradient is written.
const mergedTerms = 1024

// groups cuts rows into what is added at once: of one leaf, one row, or several where that has the same bits and spares writing and reading the sums between.
func (r *Runtime[T]) groups(first, seqs int) (list []group) {
	most := 1
	if cut := r.be.Traits().CutTerms; cut != 0 && r.Len%cut == 0 {
		most = max(1, mergedTerms/r.Len)
	}
	for at := first; at < first+seqs; {
		g := group{at, min(most, first+seqs-at, r.leaf()-at%r.leaf())}
		list = append(list, g)
		at += g.rows
	}
	return list
}

// weightGradients adds products over the rows [first, first+seqs) of the batch, after those over the rows before. The narrower matrix of each is the left operand, which has to be
// transposed; so a gradient of a tall weight is summed transposed. Tiles of all products lie side by side, so that small ones leave no thread idle.
func (r *Runtime[T]) weightGradients(first, seqs int, products ...product[T]) {
	groups := r.groups(first, seqs)
	for len(r.lefts) < len(products)*len(groups) {
		r.lefts = append(r.lefts, kernel.Transposed[T]{})
	}
	var tiles []product[T]
	for i, p := range products {
		if p.sums.columns() {
			p.dy, p.ldy, p.x, p.ldx = p.x, p.ldx, p.dy, p.ldy
		}
		p.lefts, p.wide = r.lefts[i*len(groups):(i+1)*len(groups)], p.sums.wide
		n := (p.wide + gradientColumns - 1) / gradientColumns
		width := ((p.wide+n-1)/n + kernel.PanelAlign - 1) / kernel.PanelAlign * kernel.PanelAlign
		for p.from = 0; p.from < p.wide; p.from += width {
			p.to = min(p.from+width, p.wide)
			tiles = append(tiles, p)
		}
		products[i] = p
	}
	kernel.Parallel(len(products)*len(groups), func(i int) {
		p, g := products[i/len(groups)], groups[i%len(groups)]
		at := (g.first - first) * r.Len
		r.lefts[i].Set(r.be, p.dy[at*p.ldy:], p.height(), g.rows*r.Len, p.ldy)
	})
	orders, keep := make([]pairwise.Order, len(products)), 1
	for i, p := range products {
		if first == 0 {
			p.sums.order = pairwise.Order{}
		}
		orders[i] = p.sums.order
		r.walk(&orders[i], groups, func(group, int, bool) {}, func(int) {}, func(int, int) {})
		keep = max(keep, p.sums.order.Depth(), orders[i].Depth())
		p.sums.reserve(keep)
	}
	kernel.Parallel(len(tiles), func(i int) { r.addTile(tiles[i], groups, keep) })
	for i, p := range products { // as every tile has done
		p.sums.order = orders[i]
	}
}

// walk visits groups in order with the slot of each one's leaf; begins says that the leaf begins with it, and ends is told that it has ended. The last row of the batch ends the sum.
func (r *Runtime[T]) walk(order *pairwise.Order, groups []group, add func(g group, slot int, begins bool), ends func(slot int), merge func(into, from int)) {
	for _, g := range groups {
		begins := g.first%r.leaf() == 0
		if begins {
			order.Push(g.first/r.leaf(), merge)
		}
		add(g, order.Depth()-1, begins)
		if end := g.first + g.rows; end == r.Seqs || end%r.leaf() == 0 {
			ends(order.Depth() - 1)
		}
	}
	switch end := groups[len(groups)-1].first + groups[len(groups)-1].rows; {
	case end == r.Seqs:
		order.End(merge)
	case end%r.leaf() == 0:
		order.Settle(end/r.leaf(), merge)
	}
}

// height is that of the narrower matrix.
func (p product[T]) height() int { return len(p.sums.data) / p.wide }

// addTile adds the products of all groups to one tile. The first keep slots are memory of the accumulator; the others are scratch that stays in the cache.
func (r *Runtime[T]) addTile(p product[T], groups []group, keep int) {
	width, height := p.to-p.from, p.height()
	var scratch []*[]float32
	defer func() {
		for _, s := range scratch {
			release(s)
		}
	}()
	slot := func(k int) (c []float32, ld int) {
		if k < keep {
			return p.sums.slot(k)[p.from:], p.wide
		}
		for len(scratch) <= k-keep {
			scratch = append(scratch, buffer[float32](height*width))
		}
		return *scratch[k-keep], width
	}
	halves := r.halves()
	ends := func(k int) {
		c, ldc := slot(k)
		for i := 0; halves && i < height; i++ {
			kernel.RoundBF16(c[i*ldc : i*ldc+width])
		}
	}
	merge := func(into, from int) {
		c, ldc := slot(into)
		b, ldb := slot(from)
		for i := range height {
			kernel.AddTo(c[i*ldc:i*ldc+width], b[i*ldb:i*ldb+width])
		}
		ends(into)
	}
	order, at := p.sums.order, 0
	r.walk(&order, groups, func(g group, k int, begins bool) {
		c, ldc := slot(k)
		if begins && k > 0 {
			for i := range height {
				clear(c[i*ldc : i*ldc+width])
			}
		}
		p.lefts[at].AddProduct(c, p.x[(g.first-groups[0].first)*r.Len*p.ldx+p.from:], width, p.ldx, ldc)
		at++
	}, ends, merge)
}

// reduceNorms adds the tiles' partial sums of a norm's gradient to its accumulator, [C]: those of a leaf in order. nil = there is none.
func (r *Runtime[T]) reduceNorms(sums *accumulator) {
	if sums == nil {
		return
	}
	c, tiles := r.Width, r.leaf()*r.tilesPerSeq()
	sums.reserve(pairwise.Slots((r.Seqs + r.leaf() - 1) / r.leaf()))
	ends := r.rounding(sums.slot)
	merge := func(into, from int) {
		kernel.AddTo(sums.slot(into), sums.slot(from))
		ends(into)
	}
	var order pairwise.Order
	for t := range r.tileCount() {
		if t%tiles == 0 {
			if k := order.Push(t/tiles, merge); k > 0 {
				clear(sums.slot(k))
			}
		}
		kernel.AddTo(sums.slot(order.Depth()-1), r.norms[t*c:(t+1)*c])
		if (t+1)%tiles == 0 || t+1 == r.tileCount() {
			ends(order.Depth() - 1)
		}
	}
	order.End(merge)
}

// rounding rounds a slot, where that is to be done.
func (r *Runtime[T]) rounding(slot func(k int) []float32) func(k int) {
	if !r.halves() {
		return func(int) {}
	}
	return func(k int) { kernel.RoundBF16(slot(k)) }
}

// Total is scale times the loss of the last run: the sum over its targets, or over its pairs, of each leaf times scale, in the order of the tree.
func (r *Runtime[T]) Total(scale float64) float64 {
	leaves := make([]float64, (r.Seqs+r.leaf()-1)/r.leaf())
	for i, l := range r.pairs {
		leaves[2*i/r.leaf()] += l
	}
	if r.pairs == nil {
		for i, l := range r.losses {
			leaves[i/r.Len/r.leaf()] += float64(l)
		}
	}
	for i := range leaves {
		leaves[i] *= scale
	}
	return pairwise.Sum(leaves)
}
