package kernel

import (
	"math"
	"sync"

	"slm/internal/elementary"
	"slm/model/kernel/internal/amx"
	"slm/model/kernel/internal/avx512"
)

// tileHead is the width of the heads that have a path of their own on AMX tiles.
const tileHead = 64

// scorePanel is the distance between panels of 32 by 32 scores, in elements: one row more, for the sets of the cache.
const scorePanel = 33 * tileSide

// tileScratch is the working memory of one (document, key head) on AMX tiles. Lp is the document's length rounded up to queryBlock.
// Between two products a block of scores is passed over once: it becomes probabilities, or their gradients, where the next products take them.
type tileScratch struct {
	q, do, k, v                  []uint16  // rows of a part of a document, filled up with zeros
	keys, values, keysT, valuesT amxPanels // [Lp, hd] and [hd, Lp] as right operands
	qT, doT                      []uint16  // [hd, queryBlock] as left operands
	p, ds                        []uint16  // [queryBlock, Lp]
	pRight, dsRight              amxPanels // the same as right operands
	s                            []float32 // scores of 32 rows, [Lp/32, 33, 32]
	o                            []float32 // [queryBlock, hd], outputs or gradients of queries
	dkT, dvT                     []float32 // [Lp/32, hd, 32]
	grad                         []float32 // [32, hd]
	room                         []byte    // scores on their way
	high, sum, dots              [queryBlock]float32
	stats                        [2 * queryBlock]float32
}

var tileScratches = sync.Pool{New: func() any { return &tileScratch{} }}

// tileAttention is attention of heads of tileHead on tiles.
type tileAttention struct{}

func (tileAttention) takes(sh AttnShape) bool { return sh.HeadDim == tileHead }

func (tileAttention) rotate(x []uint16, cos, sin []float32, heads int) {
	avx512.Rotate64(&x[0], &cos[0], &sin[0], heads)
}

// forward is AttendForward on tiles. Shares are kept relative to the row's maximum; what they are mixed to is divided by their sum.
func (tileAttention) forward(sh AttnShape, qkv, out []uint16, lse []float32, length, kvHead int) {
	const hd = tileHead
	a := tileScratches.Get().(*tileScratch)
	defer tileScratches.Put(a)
	ld, ldo, group, padded := sh.qkvWidth(), sh.outWidth(), sh.Heads/sh.KVHeads, paddedLength(length)
	k, ldk := block(Grow(&a.k, padded*hd), qkv, ld, (sh.Heads+kvHead)*hd, 0, length, padded, hd)
	v, ldv := block(Grow(&a.v, padded*hd), qkv, ld, (sh.Heads+sh.KVHeads+kvHead)*hd, 0, length, padded, hd)
	a.keysT.take(k, padded, hd, ldk, true)
	a.values.take(v, hd, padded, ldv, false)
	s, p, o, room := Grow(&a.s, padded/tileSide*scorePanel), Grow(&a.p, queryBlock*padded), Grow(&a.o, queryBlock*hd), Grow(&a.q, queryBlock*hd)
	scale := float32(log2e / math.Sqrt(float64(hd)))
	for head := kvHead * group; head < (kvHead+1)*group; head++ {
		for first := 0; first < length; first += queryBlock {
			rows, keys := min(queryBlock, length-first), first+queryBlock
			q, ldq := block(room, qkv, ld, head*hd, first, rows, queryBlock, hd)
			for half := 0; half < rows; half += tileSide {
				amx.AttnProduct(&s[0], &q[half*ldq], &a.keysT.data[0], 128, 4*scorePanel, 2*ldq, 64, 32*ldq, 0, 2*2*stepSize, 2, keys/tileSide, 1)
				avx512.AttnShares(&p[half*keys], &s[0], &a.high[half], &a.sum[half], first, half, min(tileSide, rows-half), scale)
			}
			amx.AttnProduct(&o[0], &p[0], &a.values.data[0], 4*hd, 128, 2*keys, 64, 32*keys, 64*keys, padded/tileSide*2*stepSize, keys/tileSide, 2, 2)
			for i, sum := range a.sum[:rows] {
				lse[(first+i)*sh.Heads+head] = float32(float64(float64(a.high[i])*math.Ln2) + elementary.Log(float64(sum)))
				a.sum[i] = 1 / sum
			}
			avx512.ScaleRows64(&out[first*ldo+head*hd], &o[0], &a.sum[0], 2*ldo, rows)
		}
	}
}

// backward is AttendBackward on tiles. Gradients of keys and values are gathered transposed, so that no block of scores has to be.
func (tileAttention) backward(sh AttnShape, rope *Rotary, qkv, out, dout, dqkv []uint16, lse []float32, length, kvHead int) {
	const hd = tileHead
	a := tileScratches.Get().(*tileScratch)
	defer tileScratches.Put(a)
	ld, ldo, group, padded := sh.qkvWidth(), sh.outWidth(), sh.Heads/sh.KVHeads, paddedLength(length)
	kAt, vAt := (sh.Heads+kvHead)*hd, (sh.Heads+sh.KVHeads+kvHead)*hd
	k, ldk := block(Grow(&a.k, padded*hd), qkv, ld, kAt, 0, length, padded, hd)
	v, ldv := block(Grow(&a.v, padded*hd), qkv, ld, vAt, 0, length, padded, hd)
	a.keysT.take(k, padded, hd, ldk, true)
	a.keys.take(k, hd, padded, ldk, false)
	a.valuesT.take(v, padded, hd, ldv, true)
	ds, dq, dkT, dvT := Grow(&a.ds, queryBlock*padded), Grow(&a.o, queryBlock*hd), Grow(&a.dkT, hd*padded), Grow(&a.dvT, hd*padded)
	qRoom, doRoom, room := Grow(&a.q, queryBlock*hd), Grow(&a.do, queryBlock*hd), aligned(&a.room, 4*stepSize*4)
	scale := float32(1 / math.Sqrt(float64(hd)))
	scale2 := float32(log2e / math.Sqrt(float64(hd)))
	last := padded - queryBlock
	for head := kvHead * group; head < (kvHead+1)*group; head++ {
		// From the last block on, whose keys are all, so that the first sums need no zeros to start from.
		for first := last; first >= 0; first -= queryBlock {
			rows, keys := min(queryBlock, length-first), first+queryBlock
			q, ldq := block(qRoom, qkv, ld, head*hd, first, rows, queryBlock, hd)
			do, lddo := block(doRoom, dout, ldo, head*hd, first, rows, queryBlock, hd)
			avx512.RowDotsBF16(a.dots[:rows], &out[first*ldo+head*hd], &dout[first*ldo+head*hd], hd, ldo)
			clear(a.stats[:])
			for i, d := range a.dots[:rows] {
				a.stats[i] = lse[(first+i)*sh.Heads+head] * log2e
				a.stats[queryBlock+i] = d * scale
			}
			a.pRight.fit(keys, queryBlock)
			a.dsRight.fit(keys, queryBlock)
			// dS = P∘(dP − Σ_j P_ij dP_ij), and the sum is dO·O (Dao 2023, §3.1)
			amx.AttnGrad(&a.pRight.data[0], &a.dsRight.data[0], &ds[0], &q[0], &do[0], &a.keysT.data[0], &a.valuesT.data[0], &a.stats[0], &room[0],
				2*ldq, 2*lddo, first, scale2, scale)
			qT := amxLeftOperand(&a.qT, q, Shape{M: hd, K: queryBlock, LDA: ldq, TransA: true})
			doT := amxLeftOperand(&a.doT, do, Shape{M: hd, K: queryBlock, LDA: lddo, TransA: true})
			gather := amx.AttnProduct
			if head > kvHead*group || first < last {
				gather = amx.AttnProductPlus
			}
			gather(&dvT[0], &doT.data[0], &a.pRight.data[0], 128, hd*128, doT.lda, doT.step, doT.half, 2*doT.strip, 2*2*stepSize, 2, keys/tileSide, 2)
			gather(&dkT[0], &qT.data[0], &a.dsRight.data[0], 128, hd*128, qT.lda, qT.step, qT.half, 2*qT.strip, 2*2*stepSize, 2, keys/tileSide, 2)
			amx.AttnProduct(&dq[0], &ds[0], &a.keys.data[0], 4*hd, 128, 2*keys, 64, 32*keys, 64*keys, padded/tileSide*2*stepSize, keys/tileSide, 2, 2)
			avx512.RotateBack64(&dqkv[first*ld+head*hd], &dq[0], &rope.Cos(first)[0], &rope.Sin(first)[0], 2*ld, rows)
		}
	}
	for i := range a.sum {
		a.sum[i] = 1
	}
	grad := Grow(&a.grad, tileSide*hd)
	for at := 0; at < length; at += tileSide {
		rows := min(tileSide, length-at)
		Transpose(grad, dkT[at*hd:(at+tileSide)*hd], hd, tileSide, tileSide)
		avx512.RotateBack64(&dqkv[at*ld+kAt], &grad[0], &rope.Cos(at)[0], &rope.Sin(at)[0], 2*ld, rows)
		Transpose(grad, dvT[at*hd:(at+tileSide)*hd], hd, tileSide, tileSide)
		avx512.ScaleRows64(&dqkv[at*ld+vAt], &grad[0], &a.sum[0], 2*ld, rows)
	}
}

// take is pack for bf16.
func (p *amxPanels) take(b []uint16, n, k, ld int, trans bool) {
	pack(p, &halves, b, n, k, ld, trans)
}
