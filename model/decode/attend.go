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
	k, v       []T // [n+block, hd]
	trunk, own seen[T]
	q          []T       // [block, hd]
	row        []float32 // one row of scores, without gaps
	o          []float32 // [block, hd]
	wide       []float32 // what is widened from a cache
}

// seen are keys and values as right operands, and how a block of queries sees them.
type seen[T kernel.Elem] struct {
	n      int // keys, rounded up
	keys   kernel.Right[T]
	values kernel.Right[T]
	scores []float32 // [block, n]
	p      []T       // [block, n], as probabilities
}

func roundUp(n int) int { return (n + block - 1) / block * block }

// take makes the first n keys and values [rows,hd] operands.
func (s *seen[T]) take(be kernel.Backend, k, v []T, n, hd int) {
	s.keys.Set(be, k[:n*hd], n, hd, hd, true)
	s.values.Set(be, v[:n*hd], hd, n, hd, false)
}

// look makes room for a block that sees n of the keys, rounded up, and scores the queries [high,hd].
func (s *seen[T]) look(q []T, n, high, hd int) {
	s.n = n
	kernel.Grow(&s.scores, high*n)
	kernel.Grow(&s.p, high*n)
	if n > 0 {
		kernel.Product(&s.keys, kernel.Shape{M: high, N: n, K: hd, LDA: hd, LDC: n}, s.scores, q)
	}
}

// keep takes a row of probabilities over for the keys [from, from+len(p)) and gives the others none.
func (s *seen[T]) keep(row, from int, p []float32) {
	line := s.p[row*s.n : (row+1)*s.n]
	clear(line[:from])
	kernel.Convert(line[from:from+len(p)], p)
	clear(line[from+len(p):])
}

// mix computes o [high,hd] (+)= p·v.
func (s *seen[T]) mix(o []float32, high, hd int, accumulate bool) {
	if s.n > 0 {
		kernel.Product(&s.values, kernel.Shape{M: high, N: hd, K: s.n, LDA: s.n, LDC: hd, Accumulate: accumulate}, o, s.p)
	}
}

// attend computes attention of a sequence, or of a piece of one, that is read, for the query heads [lo,hi), which share a key head.
//
//	qkv [rows, (H+2KV)*hd], rotated; out [rows, H*hd]
func (n *net[T]) attend(a *attention[T], s span, qkv []float32, out *left[T], layer, kvHead, lo, hi int) {
	hd, total := n.config.HeadDim, s.rows()
	var k, v []T // zero rows at the end
	if s.rule == piece {
		k, v = n.cached(s.cache, layer, kvHead)
	} else {
		kAt, vAt := (n.config.Heads+kvHead)*hd, (n.config.Heads+n.config.KVHeads+kvHead)*hd
		k, v = kernel.Grow(&a.k, (total+block)*hd), kernel.Grow(&a.v, (total+block)*hd)
		n.columns(k, qkv, s.first, total, kAt)
		n.columns(v, qkv, s.first, total, vAt)
	}
	kernel.Grow(&a.q, block*hd)
	kernel.Grow(&a.o, block*hd)
	kernel.Grow(&a.row, total)
	a.trunk.take(n.backend, k, v, roundUp(s.before+s.trunk), hd)
	for first := 0; first < s.trunk; first += block {
		for head := lo; head < hi; head++ {
			n.attendTrunk(a, s, qkv, out, layer, head, first, min(first+block, s.trunk))
		}
	}
	starts := branchStarts(s)
	for first := s.trunk; first < total; first += block {
		last := min(first+block, total)
		begin := starts[first-s.trunk]
		a.own.take(n.backend, k[begin*hd:], v[begin*hd:], roundUp(last-begin), hd)
		for head := lo; head < hi; head++ {
			n.attendBranches(a, s, qkv, out, layer, head, first, last, starts[first-s.trunk:last-s.trunk])
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

// queries copies a block of queries. It is as high as it must be, of few heights; where a row's bits could depend on the height, as high as ever.
func (n *net[T]) queries(a *attention[T], s span, qkv []float32, head, first, last int) (high int) {
	high = block
	if n.backend.Traits().BatchInvariant {
		high = padRows(last - first)
	}
	n.columns(a.q[:high*n.config.HeadDim], qkv, s.first+first, last-first, head*n.config.HeadDim)
	return high
}

// attendTrunk is for the queries [first,last) of the trunk: each sees the keys up to its own, in a layer with a window the newest of them.
func (n *net[T]) attendTrunk(a *attention[T], s span, qkv []float32, out *left[T], layer, head, first, last int) {
	hd := n.config.HeadDim
	high := n.queries(a, s, qkv, head, first, last)
	a.trunk.look(a.q, roundUp(s.before+last), high, hd)
	for i := range last - first {
		from, to := n.unseen(layer, s.before+first+i+1), s.before+first+i+1
		row := a.trunk.scores[i*a.trunk.n+from : i*a.trunk.n+to]
		n.softmax(row)
		a.trunk.keep(i, from, row)
	}
	clear(a.trunk.p[(last-first)*a.trunk.n:])
	a.trunk.mix(a.o, high, hd, false)
	n.finish(a, s, out, head, first, last)
}

// attendBranches is for the queries [first,last) behind the trunk: each sees the trunk, and of the keys in a.own, which begin where the first
// query's branch does, those from its own branch's start up to its own.
func (n *net[T]) attendBranches(a *attention[T], s span, qkv []float32, out *left[T], layer, head, first, last int, starts []int) {
	hd, begin := n.config.HeadDim, starts[0]
	high := n.queries(a, s, qkv, head, first, last)
	a.own.look(a.q, roundUp(last-begin), high, hd)
	a.trunk.look(a.q, roundUp(s.trunk), high, hd)
	for i, start := range starts {
		from, to := start-begin, first+i+1-begin
		row := a.row[:s.trunk+to-from]
		copy(row, a.trunk.scores[i*a.trunk.n:i*a.trunk.n+s.trunk])
		copy(row[s.trunk:], a.own.scores[i*a.own.n+from:i*a.own.n+to])
		unseen := n.unseen(layer, len(row))
		clear(row[:unseen])
		n.softmax(row[unseen:])
		a.trunk.keep(i, 0, row[:s.trunk])
		a.own.keep(i, from, row[s.trunk:])
	}
	clear(a.own.p[len(starts)*a.own.n:])
	clear(a.trunk.p[len(starts)*a.trunk.n:])
	a.own.mix(a.o, high, hd, false)
	a.trunk.mix(a.o, high, hd, true)
	n.finish(a, s, out, head, first, last)
}

func (n *net[T]) scale() float32 { return float32(1 / math.Sqrt(float64(n.config.HeadDim))) }

// finish hands the outputs of a block over.
func (n *net[T]) finish(a *attention[T], s span, out *left[T], head, first, last int) {
	hd := n.config.HeadDim
	for i := range last - first {
		out.put(s.first+first+i, head*hd, a.o[i*hd:(i+1)*hd])
	}
}
