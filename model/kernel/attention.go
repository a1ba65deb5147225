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
	q, do          []T        // [queryBlock, hd]
	k, v           []T        // [Lp, hd]
	keys, values   operand[T] // [Lp, hd], as right operands
	keysT, valuesT operand[T] // [hd, Lp]
	p, ds          []T        // [queryBlock, Lp]
	s, dp          []float32  // [queryBlock, Lp]
	o              []T        // [queryBlock, hd]
	dq             []float32  // [queryBlock, hd]
	dk, dv         []float32  // [Lp, hd]
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
	a.o, a.dq = grow(&a.o, queryBlock*hd), grow(&a.dq, queryBlock*hd)
	a.dk, a.dv = grow(&a.dk, padded*hd), grow(&a.dv, padded*hd)
}

// gather copies column block [at, at+hd) of rows first..first+n of x (row stride ld) into dst, turned by rotary positions when rope
// is not nil, and fills dst with zero rows up to padded.
func gather[T Elem](dst, x []T, ld, at, first, n, padded, hd int, rope *Rotary) {
	for i := range n {
		row, src := dst[i*hd:(i+1)*hd], x[(first+i)*ld+at:(first+i)*ld+at+hd]
		if rope == nil {
			copy(row, src)
			continue
		}
		cos, sin := rope.Cos(first+i), rope.Sin(first+i)
		switch row := any(row).(type) {
		case []float32:
			copy(row, any(src).([]float32))
			Rope(row, cos, sin)
		case []uint16:
			RopeBF16(row, any(src).([]uint16), cos, sin)
		}
	}
	clear(dst[n*hd : padded*hd])
}

// scatter turns a gradient back by its position and stores it.
func scatter[T Elem](dst []T, grad []float32, rope *Rotary, position int) {
	cos, sin := rope.Cos(position), rope.Sin(position)
	switch dst := any(dst).(type) {
	case []float32:
		copy(dst, grad)
		RopeGrad(dst[:len(grad)], cos, sin)
	case []uint16:
		RopeGradBF16(dst[:len(grad)], grad, cos, sin)
	}
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
	gather(a.k, qkv, ld, (sh.Heads+kvHead)*hd, 0, length, padded, hd, rope)
	gather(a.v, qkv, ld, (sh.Heads+sh.KVHeads+kvHead)*hd, 0, length, padded, hd, nil)
	a.keysT.set(be, a.k, padded, hd, hd, true)
	a.values.set(be, a.v, hd, padded, hd, false)
	scale := float32(1 / math.Sqrt(float64(hd)))
	for head := kvHead * group; head < (kvHead+1)*group; head++ {
		for first := 0; first < length; first += queryBlock {
			rows, keys := min(queryBlock, length-first), first+queryBlock
			gather(a.q, qkv, ld, head*hd, first, rows, queryBlock, hd, rope)
			product(&a.keysT, Shape{M: queryBlock, N: keys, K: hd, LDA: hd, LDC: keys}, a.s, a.q)
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
			product(&a.values, Shape{M: queryBlock, N: hd, K: keys, LDA: keys, LDC: hd}, a.o, a.p)
			for i := range rows {
				copy(out[(first+i)*sh.outWidth()+head*hd:], a.o[i*hd:(i+1)*hd])
			}
		}
	}
}

// AttendBackward computes the gradient dqkv of AttendForward from the gradient dout [L, H·hd] of its output. Probabilities are
// recomputed from lse. Gradients of the key head's own columns are summed over its query heads in their order.
func AttendBackward[T Elem](be Backend, sh AttnShape, rope *Rotary, qkv, dout, dqkv []T, lse []float32, length, kvHead int) {
	pool := attnPool[T]()
	a := pool.Get().(*attnScratch[T])
	defer pool.Put(a)
	hd, ld, group := sh.HeadDim, sh.qkvWidth(), sh.Heads/sh.KVHeads
	padded := (length + queryBlock - 1) / queryBlock * queryBlock
	a.fit(padded, hd)
	kAt, vAt := (sh.Heads+kvHead)*hd, (sh.Heads+sh.KVHeads+kvHead)*hd
	gather(a.k, qkv, ld, kAt, 0, length, padded, hd, rope)
	gather(a.v, qkv, ld, vAt, 0, length, padded, hd, nil)
	a.keysT.set(be, a.k, padded, hd, hd, true)
	a.keys.set(be, a.k, hd, padded, hd, false)
	a.valuesT.set(be, a.v, padded, hd, hd, true)
	clear(a.dk)
	clear(a.dv)
	scale := float32(1 / math.Sqrt(float64(hd)))
	for head := kvHead * group; head < (kvHead+1)*group; head++ {
		for first := 0; first < length; first += queryBlock {
			rows, keys := min(queryBlock, length-first), first+queryBlock
			gather(a.q, qkv, ld, head*hd, first, rows, queryBlock, hd, rope)
			gather(a.do, dout, sh.outWidth(), head*hd, first, rows, queryBlock, hd, nil)
			scores := Shape{M: queryBlock, N: keys, K: hd, LDA: hd, LDC: keys}
			product(&a.keysT, scores, a.s, a.q)
			product(&a.valuesT, scores, a.dp, a.do)
			for i := range queryBlock {
				s, dp, valid := a.s[i*keys:(i+1)*keys], a.dp[i*keys:(i+1)*keys], 0
				if i < rows {
					valid = first + i + 1
					ExpShift(s[:valid], s[:valid], scale, lse[(first+i)*sh.Heads+head])
					// dS = P∘(dP − Σ_j P_ij dP_ij) (Dao 2023, eq. 4 of §3.2)
					SoftmaxGradRow(dp[:valid], s[:valid], dp[:valid], Dot(s[:valid], dp[:valid]), scale)
				}
				clear(s[valid:])
				clear(dp[valid:])
				Convert(a.p[i*keys:(i+1)*keys], s)
				Convert(a.ds[i*keys:(i+1)*keys], dp)
			}
			into := Shape{M: keys, N: hd, K: queryBlock, LDA: keys, LDB: hd, LDC: hd, TransA: true, Accumulate: true}
			Gemm(be, into, a.dv, a.p, a.do)
			Gemm(be, into, a.dk, a.ds, a.q)
			product(&a.keys, Shape{M: queryBlock, N: hd, K: keys, LDA: keys, LDC: hd}, a.dq, a.ds)
			for i := range rows {
				scatter(dqkv[(first+i)*ld+head*hd:], a.dq[i*hd:(i+1)*hd], rope, first+i)
			}
		}
	}
	for i := range length {
		scatter(dqkv[i*ld+kAt:], a.dk[i*hd:(i+1)*hd], rope, i)
		Convert(dqkv[i*ld+vAt:i*ld+vAt+hd], a.dv[i*hd:(i+1)*hd])
	}
}
