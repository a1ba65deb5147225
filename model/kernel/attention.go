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

func paddedLength(n int) int { return (n + queryBlock - 1) / queryBlock * queryBlock }

// attnScratch is the working memory of one (document, key head). Lp is the document's length rounded up to queryBlock.
type attnScratch[T Elem] struct {
	q, do          []T        // [queryBlock, hd]
	k, v           []T        // [Lp, hd]
	keys, values   operand[T] // [Lp, hd], as right operands
	keysT, valuesT operand[T] // [hd, Lp]
	s, dp          []float32  // [queryBlock, Lp]
	p, ds          []T        // the same in T; in float32 the same memory
	turned         Transposed[T]
	o              []T       // [queryBlock, hd]
	dq             []float32 // [queryBlock, hd]
	dk, dv         []float32 // [Lp, hd]
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

func (a *attnScratch[T]) fit(padded, hd int) {
	Grow(&a.q, queryBlock*hd)
	Grow(&a.do, queryBlock*hd)
	Grow(&a.k, padded*hd)
	Grow(&a.v, padded*hd)
	Grow(&a.s, queryBlock*padded)
	Grow(&a.dp, queryBlock*padded)
	a.p, a.ds = narrow(a.p, a.s), narrow(a.ds, a.dp)
	Grow(&a.o, queryBlock*hd)
	Grow(&a.dq, queryBlock*hd)
	Grow(&a.dk, padded*hd)
	Grow(&a.dv, padded*hd)
}

// narrow is room for x in T: x itself if it is of that type.
func narrow[T Elem](room []T, x []float32) []T {
	if same, ok := any(x).([]T); ok {
		return same
	}
	return Grow(&room, len(x))
}

// block gives rows first..first+n of column block [at, at+hd) of x (row stride ld) as rows of a right or left operand: where they lie, or
// copied to room and filled up with zero rows when they are fewer than high. stride is the distance between rows.
func block[T Elem](room, x []T, ld, at, first, n, high, hd int) (rows []T, stride int) {
	if n == high {
		return x[first*ld+at:], ld
	}
	for i := range n {
		copy(room[i*hd:], x[(first+i)*ld+at:(first+i)*ld+at+hd])
	}
	clear(room[n*hd : high*hd])
	return room, hd
}

// ApplyRotary applies rotary positions in place to the queries and keys of a fused projection: qkv [N, (H+2KV)·hd], positions [N].
func ApplyRotary[T Elem](be Backend, sh AttnShape, rope *Rotary, qkv []T, positions []int32) {
	ld, rotated := sh.qkvWidth(), (sh.Heads+sh.KVHeads)*sh.HeadDim
	own := headsOf[T](be, sh)
	for i, p := range positions {
		cos, sin := rope.Cos(int(p)), rope.Sin(int(p))
		if own != nil {
			own.rotate(any(qkv[i*ld:i*ld+rotated]).([]uint16), cos, sin, sh.Heads+sh.KVHeads)
			continue
		}
		for at := i * ld; at < i*ld+rotated; at += sh.HeadDim {
			switch x := any(qkv[at : at+sh.HeadDim]).(type) {
			case []float32:
				Rope(x, cos, sin)
			case []uint16:
				RopeBF16(x, x, cos, sin)
			}
		}
	}
}

// toOperand converts x where the operand is not x itself.
func toOperand[T Elem](dst []T, x []float32) {
	if same, ok := any(dst).([]float32); !ok || &same[0] != &x[0] {
		Convert(dst, x)
	}
}

// scatter rotates a gradient back by its position and stores it.
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
//	qkv [L, (H+2KV)·hd] the projections after ApplyRotary; out [L, H·hd]; lse [L, H], kept for the backward pass
//
// (Dao 2023, FlashAttention-2, §3.1: rows are scored in blocks and only the log-sum-exp is kept.)
func AttendForward[T Elem](be Backend, sh AttnShape, qkv, out []T, lse []float32, length, kvHead int) {
	if own := headsOf[T](be, sh); own != nil {
		own.forward(sh, any(qkv).([]uint16), any(out).([]uint16), lse, length, kvHead)
		return
	}
	pool := attnPool[T]()
	a := pool.Get().(*attnScratch[T])
	defer pool.Put(a)
	hd, ld, ldo, group := sh.HeadDim, sh.qkvWidth(), sh.outWidth(), sh.Heads/sh.KVHeads
	padded := paddedLength(length)
	a.fit(padded, hd)
	k, ldk := block(a.k, qkv, ld, (sh.Heads+kvHead)*hd, 0, length, padded, hd)
	v, ldv := block(a.v, qkv, ld, (sh.Heads+sh.KVHeads+kvHead)*hd, 0, length, padded, hd)
	a.keysT.set(be, k, padded, hd, ldk, true)
	a.values.set(be, v, hd, padded, ldv, false)
	scale := float32(1 / math.Sqrt(float64(hd)))
	for head := kvHead * group; head < (kvHead+1)*group; head++ {
		for first := 0; first < length; first += queryBlock {
			rows, keys := min(queryBlock, length-first), first+queryBlock
			q, ldq := block(a.q, qkv, ld, head*hd, first, rows, queryBlock, hd)
			product(&a.keysT, Shape{M: queryBlock, N: keys, K: hd, LDA: ldq, LDC: keys}, a.s, q)
			for i := range queryBlock {
				s := a.s[i*keys : (i+1)*keys]
				valid := 0
				if i < rows {
					valid = first + i + 1
					lse[(first+i)*sh.Heads+head] = SoftmaxRow(s[:valid], scale)
				}
				clear(s[valid:])
				toOperand(a.p[i*keys:(i+1)*keys], s)
			}
			if rows == queryBlock {
				product(&a.values, Shape{M: queryBlock, N: hd, K: keys, LDA: keys, LDC: ldo}, out[first*ldo+head*hd:], a.p)
				continue
			}
			product(&a.values, Shape{M: queryBlock, N: hd, K: keys, LDA: keys, LDC: hd}, a.o, a.p)
			for i := range rows {
				copy(out[(first+i)*ldo+head*hd:], a.o[i*hd:(i+1)*hd])
			}
		}
	}
}

// AttendBackward computes the gradient dqkv of AttendForward from its output out and the gradient dout of that, [L, H·hd]; it is the gradient of
// the projections before ApplyRotary. Probabilities are recomputed from lse. Gradients of the key head's own columns are summed over its query heads in their order.
func AttendBackward[T Elem](be Backend, sh AttnShape, rope *Rotary, qkv, out, dout, dqkv []T, lse []float32, length, kvHead int) {
	if own := headsOf[T](be, sh); own != nil {
		own.backward(sh, rope, any(qkv).([]uint16), any(out).([]uint16), any(dout).([]uint16), any(dqkv).([]uint16), lse, length, kvHead)
		return
	}
	pool := attnPool[T]()
	a := pool.Get().(*attnScratch[T])
	defer pool.Put(a)
	hd, ld, group := sh.HeadDim, sh.qkvWidth(), sh.Heads/sh.KVHeads
	padded := paddedLength(length)
	a.fit(padded, hd)
	kAt, vAt := (sh.Heads+kvHead)*hd, (sh.Heads+sh.KVHeads+kvHead)*hd
	k, ldk := block(a.k, qkv, ld, kAt, 0, length, padded, hd)
	v, ldv := block(a.v, qkv, ld, vAt, 0, length, padded, hd)
	a.keysT.set(be, k, padded, hd, ldk, true)
	a.keys.set(be, k, hd, padded, ldk, false)
	a.valuesT.set(be, v, padded, hd, ldv, true)
	clear(a.dk)
	clear(a.dv)
	scale := float32(1 / math.Sqrt(float64(hd)))
	for head := kvHead * group; head < (kvHead+1)*group; head++ {
		for first := 0; first < length; first += queryBlock {
			rows, keys := min(queryBlock, length-first), first+queryBlock
			q, ldq := block(a.q, qkv, ld, head*hd, first, rows, queryBlock, hd)
			do, ldo := block(a.do, dout, sh.outWidth(), head*hd, first, rows, queryBlock, hd)
			product(&a.keysT, Shape{M: queryBlock, N: keys, K: hd, LDA: ldq, LDC: keys}, a.s, q)
			product(&a.valuesT, Shape{M: queryBlock, N: keys, K: hd, LDA: ldo, LDC: keys}, a.dp, do)
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
				toOperand(a.p[i*keys:(i+1)*keys], s)
				toOperand(a.ds[i*keys:(i+1)*keys], dp)
			}
			a.turned.Set(be, a.p, keys, queryBlock, keys)
			a.turned.AddProduct(a.dv, do, hd, ldo, hd)
			a.turned.Set(be, a.ds, keys, queryBlock, keys)
			a.turned.AddProduct(a.dk, q, hd, ldq, hd)
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
