package decode

import (
	"math"

	"slm/model/kernel"
)

// block is the number of queries that are scored at once, and the unit to which numbers of keys are rounded up: so the products have
// few shapes.
const block = 64

// attention is the working memory of one task, for a sequence of n rows.
type attention[T kernel.Elem] struct {
	k, v         []T       // [n+block, hd]; zero rows at the end
	q            []T       // [block, hd]
	trunk, own   []float32 // [block, keys rounded up]: scores
	pTrunk, pOwn []T       // the same as probabilities
	row          []float32 // one row of scores, without gaps
	o            []float32 // [block, hd]
	keys, values []float32 // [length, hd], widened from a cache
}

func grow[E any](s *[]E, n int) []E {
	if cap(*s) < n {
		*s = make([]E, n)
	}
	*s = (*s)[:n]
	return *s
}

func roundUp(n int) int { return (n + block - 1) / block * block }

// attend computes attention of one sequence that is wholly in the batch, for the query heads [lo,hi), which share a key head.
//
//	qkv [rows, (H+2KV)*hd], turned; out [rows, H*hd]
func (n *net[T]) attend(a *attention[T], s span, qkv []float32, out []T, kvHead, lo, hi int) {
	hd, total := n.config.HeadDim, s.rows()
	kAt, vAt := (n.config.Heads+kvHead)*hd, (n.config.Heads+n.config.KVHeads+kvHead)*hd
	n.columns(grow(&a.k, (total+block)*hd), qkv, s.first, total, kAt)
	n.columns(grow(&a.v, (total+block)*hd), qkv, s.first, total, vAt)
	grow(&a.q, block*hd)
	grow(&a.o, block*hd)
	grow(&a.row, total)
	for head := lo; head < hi; head++ {
		for first := 0; first < s.trunk; first += block {
			n.attendBlock(a, s, qkv, out, head, first, min(first+block, s.trunk), 0, nil)
		}
		starts := branchStarts(s)
		for first := s.trunk; first < total; first += block {
			last := min(first+block, total)
			n.attendBlock(a, s, qkv, out, head, first, last, s.trunk, starts[first-s.trunk:last-s.trunk])
		}
	}
}

// branchStarts says for each row behind the trunk where its branch begins.
func branchStarts(s span) []int {
	starts, at := make([]int, 0, s.rows()-s.trunk), s.trunk
	for _, b := range s.branches {
		for range b {
			starts = append(starts, at)
		}
		at += b
	}
	return starts
}

// columns copies the head at column `at` of some rows, and zeroes what is left of dst.
func (n *net[T]) columns(dst []T, qkv []float32, first, rows, at int) {
	hd, ld := n.config.HeadDim, n.config.QKVWidth()
	for i := range rows {
		from := (first+i)*ld + at
		kernel.Convert(dst[i*hd:(i+1)*hd], qkv[from:from+hd])
	}
	clear(dst[rows*hd:])
}

// attendBlock scores the queries [first,last) of a sequence. Each row sees the first `trunk` keys, and of the keys behind them those
// from its start (its branch's first row) up to itself. Rows of the trunk are their own branch: trunk is 0 and starts is nil.
func (n *net[T]) attendBlock(a *attention[T], s span, qkv []float32, out []T, head, first, last, trunk int, starts []int) {
	hd, rows := n.config.HeadDim, last-first
	n.columns(a.q, qkv, s.first+first, rows, head*hd)
	begin := 0 // first own key of the block
	if starts != nil {
		begin = starts[0]
	}
	own, shared := roundUp(last-begin), roundUp(trunk)
	n.scores(grow(&a.own, block*own), a.q, a.k[begin*hd:], own)
	n.scores(grow(&a.trunk, block*shared), a.q, a.k, shared)
	pOwn, pTrunk := grow(&a.pOwn, block*own), grow(&a.pTrunk, block*shared)
	clear(pOwn)
	clear(pTrunk)
	scale := float32(1 / math.Sqrt(float64(hd)))
	for i := range rows {
		from := 0
		if starts != nil {
			from = starts[i] - begin
		}
		to := first + i + 1 - begin
		row := a.row[:trunk+to-from]
		copy(row, a.trunk[i*shared:i*shared+trunk])
		copy(row[trunk:], a.own[i*own+from:i*own+to])
		kernel.SoftmaxRow(row, scale)
		kernel.Convert(pTrunk[i*shared:i*shared+trunk], row[:trunk])
		kernel.Convert(pOwn[i*own+from:i*own+to], row[trunk:])
	}
	mix := kernel.Shape{M: block, N: hd, K: own, LDA: own, LDB: hd, LDC: hd}
	kernel.Gemm(n.backend, mix, a.o, pOwn, a.v[begin*hd:])
	if shared > 0 {
		mix.K, mix.LDA, mix.Accumulate = shared, shared, true
		kernel.Gemm(n.backend, mix, a.o, pTrunk, a.v)
	}
	width := n.config.QWidth()
	for i := range rows {
		to := (s.first+first+i)*width + head*hd
		kernel.Convert(out[to:to+hd], a.o[i*hd:(i+1)*hd])
	}
}

// scores multiplies a block of queries with a number of keys.
func (n *net[T]) scores(dst []float32, q, k []T, keys int) {
	if keys > 0 {
		hd := n.config.HeadDim
		kernel.Gemm(n.backend, kernel.Shape{M: block, N: keys, K: hd, LDA: hd, LDB: hd, LDC: keys, TransB: true}, dst, q, k)
	}
}
