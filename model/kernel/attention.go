package kernel

import (
	"math"
	"sync"
)

// AttnShape says how the rows of a fused projection are made up: Heads query heads, then KVHeads key heads, then KVHeads value
// heads, each HeadDim wide. Each key head serves Heads/KVHeads query heads (grouped-query attention, Ainslie et al. 2023).
type AttnShape struct{ Heads, KVHeads, HeadDim int }

func (s AttnShape) qkvWidth() int { return (s.Heads + 2*s.KVHeads) * s.HeadDim }
func (s AttnShape) outWidth() int { return s.Heads * s.HeadDim }

// queryBlock is the number of query rows that are scored at once. Keys are padded to a multiple of it, so the products have few
// shapes, and causality skips whole blocks: cost grows with the square of the document, not of the row that it is packed in.
const queryBlock = 64

// attnScratch is the working memory of one (document, key head). Lp is the document's length rounded up to queryBlock.
type attnScratch[T Elem] struct {
	q, do      []T       // [queryBlock, hd]
	k, v       []T       // [Lp, hd]
	p, ds      []T       // [queryBlock, Lp]
	s, dp      []float32 // [queryBlock, Lp]
	o          []float32 // [queryBlock, hd]
	dk, dv     []float32 // [Lp, hd]
	row, other []float32 // [hd]
}

var (
	attnPool32 = sync.Pool{New: func() any { return &attnScratch[float32]{} }}
	attnPool16 = sync.Pool{New: func() any { return &attnScratch[uint16]{} }}
)

func attnPool[T Elem]() *sync.Pool {
	var zero T
	if _, ok := any(zero).(float32); ok {
		return &attnPool32
	}
	return &attnPool16
}

func grow[E any](s *[]E, n int) []E {
	if cap(*s) < n {
		*s = make([]E, n)
	}
	return (*s)[:n]
}

func (a *attnScratch[T]) fit(padded, hd int) {
	a.q, a.do = grow(&a.q, queryBlock*hd), grow(&a.do, queryBlock*hd)
	a.k, a.v = grow(&a.k, padded*hd), grow(&a.v, padded*hd)
	a.p, a.ds = grow(&a.p, queryBlock*padded), grow(&a.ds, queryBlock*padded)
	a.s, a.dp = grow(&a.s, queryBlock*padded), grow(&a.dp, queryBlock*padded)
	a.o = grow(&a.o, queryBlock*hd)
	a.dk, a.dv = grow(&a.dk, padded*hd), grow(&a.dv, padded*hd)
	a.row, a.other = grow(&a.row, hd), grow(&a.other, hd)
}

// gather copies column block [at, at+hd) of rows first..first+n of x (row stride ld) into dst, turned by rotary positions when rope
// is not nil, and fills dst with zero rows up to padded.
func (a *attnScratch[T]) gather(dst, x []T, ld, at, first, n, padded, hd int, rope *Rotary) {
	for i := range n {
		src := x[(first+i)*ld+at : (first+i)*ld+at+hd]
		if rope == nil {
			copy(dst[i*hd:], src)
			continue
		}
		Widen(a.row, src)
		Rope(a.row, rope.Cos(first+i), rope.Sin(first+i))
		Convert(dst[i*hd:(i+1)*hd], a.row)
	}
	clear(dst[n*hd : padded*hd])
}

// AttendForward computes causal attention of one document for one key head and the query heads that it serves.
//
//	qkv [L, (H+2KV)·hd] the projections before rotation; out [L, H·hd]; lse [L, H], kept for the backward pass
//
// (Dao 2023, FlashAttention-2, §3.1: rows are scored in blocks and only the log-sum-exp is kept.)
func AttendForward[T Elem](be Backend, sh AttnShape, rope *Rotary, qkv, out []T, lse []float32, length, kvHead int) {
	pool := attnPool[T]()
	a := pool.Get().(*attnScratch[T])
	defer pool.Put(a)
	hd, ld, group := sh.HeadDim, sh.qkvWidth(), sh.Heads/sh.KVHeads
	padded := (length + queryBlock - 1) / queryBlock * queryBlock
	a.fit(padded, hd)
	a.gather(a.k, qkv, ld, (sh.Heads+kvHead)*hd, 0, length, padded, hd, rope)
	a.gather(a.v, qkv, ld, (sh.Heads+sh.KVHeads+kvHead)*hd, 0, length, padded, hd, nil)
	scale := float32(1 / math.Sqrt(float64(hd)))
	for head := kvHead * group; head < (kvHead+1)*group; head++ {
		for first := 0; first < length; first += queryBlock {
			rows, keys := min(queryBlock, length-first), first+queryBlock
			a.gather(a.q, qkv, ld, head*hd, first, rows, queryBlock, hd, rope)
			Gemm(be, Shape{M: queryBlock, N: keys, K: hd, LDA: hd, LDB: hd, LDC: keys, TransB: true}, a.s, a.q, a.k)
			for i := range queryBlock {
				s := a.s[i*keys : (i+1)*keys]
				valid := 0
				if i < rows {
					valid = first + i + 1
					lse[(first+i)*sh.Heads+head] = SoftmaxRow(s[:valid], scale)
				}
				clear(s[valid:])
				Convert(a.p[i*keys:(i+1)*keys], s)
			}
			Gemm(be, Shape{M: queryBlock, N: hd, K: keys, LDA: keys, LDB: hd, LDC: hd}, a.o, a.p, a.v)
			for i := range rows {
				at := (first+i)*sh.outWidth() + head*hd
				Convert(out[at:at+hd], a.o[i*hd:(i+1)*hd])
			}
		}
	}
}

// AttendBackward computes the gradient dqkv of AttendForward from its output out and the gradient dout [L, H·hd]. Probabilities are
// recomputed from lse. Gradients of the key head's own columns are summed over its query heads in their order.
func AttendBackward[T Elem](be Backend, sh AttnShape, rope *Rotary, qkv, out, dout, dqkv []T, lse []float32, length, kvHead int) {
	pool := attnPool[T]()
	a := pool.Get().(*attnScratch[T])
	defer pool.Put(a)
	hd, ld, ow, group := sh.HeadDim, sh.qkvWidth(), sh.outWidth(), sh.Heads/sh.KVHeads
	padded := (length + queryBlock - 1) / queryBlock * queryBlock
	a.fit(padded, hd)
	kAt, vAt := (sh.Heads+kvHead)*hd, (sh.Heads+sh.KVHeads+kvHead)*hd
	a.gather(a.k, qkv, ld, kAt, 0, length, padded, hd, rope)
	a.gather(a.v, qkv, ld, vAt, 0, length, padded, hd, nil)
	clear(a.dk)
	clear(a.dv)
	scale := float32(1 / math.Sqrt(float64(hd)))
	for head := kvHead * group; head < (kvHead+1)*group; head++ {
		for first := 0; first < length; first += queryBlock {
			rows, keys := min(queryBlock, length-first), first+queryBlock
			a.gather(a.q, qkv, ld, head*hd, first, rows, queryBlock, hd, rope)
			a.gather(a.do, dout, ow, head*hd, first, rows, queryBlock, hd, nil)
			scores := Shape{M: queryBlock, N: keys, K: hd, LDA: hd, LDB: hd, LDC: keys, TransB: true}
			Gemm(be, scores, a.s, a.q, a.k)
			Gemm(be, scores, a.dp, a.do, a.v)
			for i := range queryBlock {
				s, dp, valid := a.s[i*keys:(i+1)*keys], a.dp[i*keys:(i+1)*keys], 0
				if i < rows {
					valid = first + i + 1
					ExpShift(s[:valid], s[:valid], scale, lse[(first+i)*sh.Heads+head])
					// dsum = Σ_j P_ij dP_ij = dO_i·O_i (Dao 2023, eq. 4 of §3.2)
					Widen(a.row, a.do[i*hd:(i+1)*hd])
					at := (first+i)*ow + head*hd
					Widen(a.other, out[at:at+hd])
					SoftmaxGradRow(dp[:valid], s[:valid], dp[:valid], Dot(a.row, a.other), scale)
				}
				clear(s[valid:])
				clear(dp[valid:])
				Convert(a.p[i*keys:(i+1)*keys], s)
				Convert(a.ds[i*keys:(i+1)*keys], dp)
			}
			into := Shape{M: keys, N: hd, K: queryBlock, LDA: keys, LDB: hd, LDC: hd, TransA: true, Accumulate: true}
			Gemm(be, into, a.dv, a.p, a.do)
			Gemm(be, into, a.dk, a.ds, a.q)
			Gemm(be, Shape{M: queryBlock, N: hd, K: keys, LDA: keys, LDB: hd, LDC: hd}, a.o, a.ds, a.k)
			for i := range rows {
				scatter(dqkv[(first+i)*ld+head*hd:], a.o[i*hd:(i+1)*hd], rope, first+i)
			}
		}
	}
	for i := range length {
		scatter(dqkv[i*ld+kAt:], a.dk[i*hd:(i+1)*hd], rope, i)
		Convert(dqkv[i*ld+vAt:i*ld+vAt+hd], a.dv[i*hd:(i+1)*hd])
	}
}

// scatter turns a gradient back by its position and stores it.
func scatter[T Elem](dst []T, grad []float32, rope *Rotary, position int) {
	RopeGrad(grad, rope.Cos(position), rope.Sin(position))
	Convert(dst[:len(grad)], grad)
}
