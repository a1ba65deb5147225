package kernel

import (
	"math"
	"sync"
)

// pairHead is the width of heads that pairAttention is for.
const pairHead = 64

// pairRows is how many queries are scored at once: their scores stay near, and causality skips keys in steps of it.
const pairRows = 32

// pairAttention is attention of heads of pairHead in pairs of terms: scores become bf16 operands of the next products in one pass over a row. Steps
// between products are those of rowShares and rowGrads, so that it has the same bits at every level.
type pairAttention struct{}

// pairHeads is the working memory of one (document, key head). Lp is the document's length rounded up to queryBlock.
type pairHeads struct {
	q, do, k, v                  []uint16   // rows of a part of a document, filled up with zeros
	keys, values, keysT, valuesT pairPanels // [Lp, hd] and [hd, Lp] as right operands
	doRight, qRight              pairPanels // [queryBlock, hd]
	pT, dsT                      pairPanels // [keys, queryBlock] as left operands
	p, ds                        []uint16   // [queryBlock, Lp]
	s, dp                        []float32  // [pairRows, Lp]
	o                            []float32  // [pairRows, hd], outputs or gradients of queries
	dk, dv                       []float32  // [Lp, hd]
	x, y                         [pairHead]float32
}

var pairHeadPool = sync.Pool{New: func() any {
	a := &pairHeads{}
	for _, p := range []*pairPanels{&a.keys, &a.values, &a.keysT, &a.valuesT, &a.doRight, &a.qRight, &a.pT, &a.dsT} {
		p.order = pairByPair
	}
	return a
}}

// ones are the weights of a norm that has none.
var ones = func() (x [pairHead]float32) {
	for i := range x {
		x[i] = 1
	}
	return x
}()

func (pairAttention) takes(sh AttnShape) bool { return sh.HeadDim == pairHead }

func (pairAttention) rotate(x []uint16, cos, sin []float32, heads int) {
	for at := 0; at < heads*pairHead; at += pairHead {
		RopeBF16(x[at:at+pairHead], x[at:at+pairHead], cos, sin)
	}
}

// rows multiplies pairRows rows of A, ld apart, with the first n columns and k terms of b, and leaves the sums in c [pairRows, n].
func (p *pairPanels) rows(c []float32, a []uint16, ld, n, k int) {
	p.product(pairShare{c: c, ldc: n}, pairLeft{data: a, ai: ld, ak: 2, high: pairRows}, Shape{M: pairRows, N: n, K: k}, 0, n)
}

// forward is AttendForward. Shares are kept relative to the row's maximum; what they are mixed to is divided by their sum.
func (pairAttention) forward(sh AttnShape, qkv, out []uint16, lse []float32, length, kvHead int) {
	const hd = pairHead
	a := pairHeadPool.Get().(*pairHeads)
	defer pairHeadPool.Put(a)
	ld, ldo, group, padded := sh.qkvWidth(), sh.outWidth(), sh.Heads/sh.KVHeads, paddedLength(length)
	k, ldk := block(Grow(&a.k, padded*hd), qkv, ld, (sh.Heads+kvHead)*hd, 0, length, padded, hd)
	v, ldv := block(Grow(&a.v, padded*hd), qkv, ld, (sh.Heads+sh.KVHeads+kvHead)*hd, 0, length, padded, hd)
	a.keysT.take(k, padded, hd, ldk, true)
	a.values.take(v, hd, padded, ldv, false)
	s, p, o, room := Grow(&a.s, pairRows*padded), Grow(&a.p, pairRows*padded), Grow(&a.o, pairRows*hd), Grow(&a.q, pairRows*hd)
	scale := float32(log2e / math.Sqrt(hd))
	var stats [2]float32
	for head := kvHead * group; head < (kvHead+1)*group; head++ {
		for first := 0; first < length; first += pairRows {
			rows, keys := min(pairRows, length-first), first+pairRows
			q, ldq := block(room, qkv, ld, head*hd, first, rows, pairRows, hd)
			a.keysT.rows(s, q, ldq, keys, hd)
			var shares [pairRows]float32
			for i := range pairRows {
				n, row := first+i+1, p[i*keys:(i+1)*keys]
				cpu.rowShares(row, s[i*keys:(i+1)*keys], n, scale, &stats)
				clear(row[roundUp16(n):])
				shares[i] = 1 / stats[1]
				if i < rows {
					lse[(first+i)*sh.Heads+head] = float32((float64(stats[0]) + binaryLog(stats[1])) * math.Ln2)
				}
			}
			a.values.rows(o, p, keys, hd, keys)
			for i := range rows {
				NormScaleBF16(out[(first+i)*ldo+head*hd:][:hd], o[i*hd:(i+1)*hd], ones[:], shares[i])
			}
		}
	}
}

// backward is AttendBackward.
func (pairAttention) backward(sh AttnShape, rope *Rotary, qkv, out, dout, dqkv []uint16, lse []float32, length, kvHead int) {
	const hd = pairHead
	a := pairHeadPool.Get().(*pairHeads)
	defer pairHeadPool.Put(a)
	ld, ldo, group, padded := sh.qkvWidth(), sh.outWidth(), sh.Heads/sh.KVHeads, paddedLength(length)
	kAt, vAt := (sh.Heads+kvHead)*hd, (sh.Heads+sh.KVHeads+kvHead)*hd
	k, ldk := block(Grow(&a.k, padded*hd), qkv, ld, kAt, 0, length, padded, hd)
	v, ldv := block(Grow(&a.v, padded*hd), qkv, ld, vAt, 0, length, padded, hd)
	a.keysT.take(k, padded, hd, ldk, true)
	a.keys.take(k, hd, padded, ldk, false)
	a.valuesT.take(v, padded, hd, ldv, true)
	dk, dv := Grow(&a.dk, padded*hd), Grow(&a.dv, padded*hd)
	clear(dk)
	clear(dv)
	for head := kvHead * group; head < (kvHead+1)*group; head++ {
		for first := 0; first < length; first += queryBlock {
			rows, keys := min(queryBlock, length-first), first+queryBlock
			q, ldq := block(Grow(&a.q, queryBlock*hd), qkv, ld, head*hd, first, rows, queryBlock, hd)
			do, lddo := block(Grow(&a.do, queryBlock*hd), dout, ldo, head*hd, first, rows, queryBlock, hd)
			a.grads(sh, rope, q, do, out[first*ldo:], dqkv[first*ld:], lse[first*sh.Heads:], ldq, lddo, first, rows, head)
			a.gather(dv, &a.pT, &a.doRight, a.p, do, lddo, keys)
			a.gather(dk, &a.dsT, &a.qRight, a.ds, q, ldq, keys)
		}
	}
	for i := range length {
		scatter(dqkv[i*ld+kAt:], dk[i*hd:(i+1)*hd], rope, i)
		ToBF16(dqkv[i*ld+vAt:i*ld+vAt+hd], dv[i*hd:(i+1)*hd])
	}
}

// grads computes P and dS of a block of queries from the position first on, and their gradients.
func (a *pairHeads) grads(sh AttnShape, rope *Rotary, q, do, out, dqkv []uint16, lse []float32, ldq, lddo, first, rows, head int) {
	const hd = pairHead
	keys := first + queryBlock
	p, ds, s, dp, o := Grow(&a.p, queryBlock*keys), Grow(&a.ds, queryBlock*keys), Grow(&a.s, pairRows*keys), Grow(&a.dp, pairRows*keys), Grow(&a.o, pairRows*hd)
	r := rowGrad{scale2: float32(log2e / math.Sqrt(hd)), scale: float32(1 / math.Sqrt(hd))}
	for half := 0; half < queryBlock; half += pairRows {
		n := first + half + pairRows // keys that these rows see, at most
		a.keysT.rows(s, q[half*ldq:], ldq, n, hd)
		a.valuesT.rows(dp, do[half*lddo:], lddo, n, hd)
		for i := half; i < half+pairRows; i++ {
			to, of := i*keys, (i-half)*n
			if i >= rows {
				clear(p[to : to+keys])
				clear(ds[to : to+keys])
				continue
			}
			FromBF16(a.x[:], out[i*sh.outWidth()+head*hd:][:hd])
			FromBF16(a.y[:], do[i*lddo:][:hd])
			// dS = P∘(dP − Σ_j P_ij dP_ij), and the sum is dO·O (Dao 2023, §3.1)
			r.shift, r.mean = float32(lse[i*sh.Heads+head]*log2e), float32(Dot(a.x[:], a.y[:])*r.scale)
			seen := first + i + 1
			cpu.rowGrads(p[to:to+keys], ds[to:to+keys], s[of:of+n], dp[of:of+n], seen, r)
			clear(p[to+roundUp16(seen) : to+keys])
			clear(ds[to+roundUp16(seen) : to+keys])
		}
		a.keys.rows(o, ds[half*keys:], keys, hd, n)
		for i := half; i < min(half+pairRows, rows); i++ {
			scatter(dqkv[i*sh.qkvWidth()+head*hd:], o[(i-half)*hd:(i-half+1)*hd], rope, first+i)
		}
	}
}

// gather adds xᵀ·y to c [keys, hd]: x [queryBlock, keys], and y [queryBlock, hd], rows ldy apart.
func (a *pairHeads) gather(c []float32, xT, right *pairPanels, x, y []uint16, ldy, keys int) {
	const hd = pairHead
	s := Shape{M: keys, N: hd, K: queryBlock, LDA: keys, TransA: true}
	right.take(y, hd, queryBlock, ldy, false)
	right.product(pairShare{c: c, from: c, ldc: hd, ldfrom: hd}, pairLeftOperand(xT, x, s), s, 0, hd)
}
