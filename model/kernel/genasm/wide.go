package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Products of bf16 whose operands have been widened to float32: the tiles of sgemm.go, in the orders of the two classes and with the MXCSR's flags DAZ
// and FTZ set. Widening in the inner loop, as pair.go has it, takes as many instructions as the multiply-adds do.
var wideKernels = func() []kernel {
	var ks []kernel
	for _, of := range []struct {
		isa
		pairs, steps []int // rows of tiles
	}{{avx2, []int{6, 4, 2, 1}, []int{3, 2, 1}}, {avx512, []int{12, 8, 4, 2, 1}, []int{6, 4, 2, 1}}} {
		for _, rows := range of.pairs {
			ks = append(ks, wideTile("wideRows", rows, of.isa, (*emitter).pairTerms))
		}
		for _, rows := range of.steps {
			ks = append(ks, wideTile("wideSteps", rows, of.isa, (*emitter).stepTerms))
		}
	}
	return append(ks, kernel{name: "widenPairs", params: "dst *float32, src *byte, pairs int",
		doc: "widens two registers of columns of pairs ≥ 1 of terms of a panel of 32: the even terms of a pair before the odd ones.",
		emit: func(e *emitter) {
			dst, src, pairs, upper := e.word("dst"), e.word("src"), e.word("pairs"), e.reg(e.bits(0xffff0000))
			top := e.label("pairs")
			e.Label(top)
			for h := range 2 {
				odd, even := e.own(operand.Mem{Base: src, Disp: 4 * e.lanes * h}), e.vec()
				e.VPSLLD(operand.U8(16), odd, even)
				e.and(upper, odd)
				e.VMOVUPS(even, operand.Mem{Base: dst, Disp: 4 * e.lanes * h})
				e.VMOVUPS(odd, operand.Mem{Base: dst, Disp: 4 * e.lanes * (2 + h)})
			}
			e.ADDQ(operand.I32(pairPanel), src)
			e.ADDQ(operand.I32(16*e.lanes), dst)
			e.DECQ(pairs)
			e.JNE(operand.LabelRef(top))
		}})
}()

// wideTile emits C [tiles·rows, n] = from + A·B, or A·B where from is nil, for two registers of columns of B, one term after the other.
func wideTile(name string, rows int, v isa, terms func(e *emitter, acc [][2]reg.VecVirtual, left leftRows)) kernel {
	return kernel{name: fmt.Sprintf("%s%d", name, rows), only: []isa{v},
		params: "c *byte, from, a, b *float32, next *byte, tiles, units, n, ai, ldc, ldfrom int, round bool",
		doc: fmt.Sprintf("computes tiles ≥ 1 times %d rows and n ≤ %d columns of a product of widened terms in units ≥ 1, and fetches the next panel; ai, ldc and ldfrom are in bytes."+
			" With round, C is bf16 and n is %d.", rows, 2*v.lanes, 2*v.lanes),
		emit: func(e *emitter) {
			before := e.flushSubnormals()
			c, a, next, tiles, ai, ai3, from := e.word("c"), e.word("a"), e.word("next"), e.word("tiles"), e.word("ai"), e.GP64(), e.word("from")
			if rows >= 3 {
				e.LEAQ(operand.Mem{Base: ai, Index: ai, Scale: 2}, ai3)
			}
			tile := e.label("tile")
			e.Label(tile)
			e.fetchTile(c, next, rows, rows*e.lanes/8) // half of 256 terms of a panel of bf16 while 128 rows pass by
			left := e.leftRows(a, ai, ai3, rows)
			acc := make([][2]reg.VecVirtual, rows)
			for r := range acc {
				acc[r] = [2]reg.VecVirtual{e.zero(), e.zero()}
			}
			e.loadRows(acc, from)
			terms(e, acc, left)
			e.storeRows(acc, c)
			e.DECQ(tiles)
			e.JNE(operand.LabelRef(tile))
			e.LDMXCSR(before)
		}}
}

// wholeOrMasked runs body for all columns of a tile, or with masks for the first n.
func (e *emitter) wholeOrMasked(body func(masks [2]reg.Register)) {
	n, masked, done := e.word("n"), e.label("masked"), e.label("done")
	e.CMPQ(n, operand.I32(2*e.lanes))
	e.JNE(operand.LabelRef(masked))
	body([2]reg.Register{}) // AVX2 takes as long for a masked store as for a dozen others
	e.JMP(operand.LabelRef(done))
	e.Label(masked)
	body(e.columnMasks(n))
	e.Label(done)
}

// loadRows brings acc to what the sums start from, and from behind those rows, unless it is nil.
func (e *emitter) loadRows(acc [][2]reg.VecVirtual, from reg.GPVirtual) {
	none := e.label("none")
	e.TESTQ(from, from)
	e.JE(operand.LabelRef(none))
	e.wholeOrMasked(func(masks [2]reg.Register) {
		ldfrom := e.word("ldfrom")
		for _, row := range acc {
			for h, r := range row {
				e.loadInto(r, operand.Mem{Base: from, Disp: 4 * e.lanes * h}, masks[h])
			}
			e.ADDQ(ldfrom, from)
		}
	})
	e.Label(none)
}

// storeRows writes the sums, rounded or as they are, and moves c behind them.
func (e *emitter) storeRows(acc [][2]reg.VecVirtual, c reg.GPVirtual) {
	whole, end := e.label("whole"), e.label("end")
	round, ldc, zero := e.Load(e.Param("round"), e.GP8()), e.word("ldc"), e.GP64()
	e.XORQ(zero, zero)
	e.TESTB(round, round)
	e.JE(operand.LabelRef(whole))
	k := e.bf16Constants()
	e.round = 2
	for _, row := range acc {
		for h, r := range row {
			e.storeBF16(r, k, c, zero, h)
		}
		e.ADDQ(ldc, c)
	}
	e.round = 1
	e.JMP(operand.LabelRef(end))
	e.Label(whole)
	e.wholeOrMasked(func(masks [2]reg.Register) {
		for _, row := range acc {
			for h, r := range row {
				e.mask = masks[h]
				e.store(r, c, zero, h)
			}
			e.ADDQ(ldc, c)
		}
		e.mask = nil
	})
	e.Label(end)
}

// term adds one term, disp bytes behind where rows of A stand and at row of B, to the sums.
func (e *emitter) term(acc [][2]reg.VecVirtual, left leftRows, disp int, b reg.GPVirtual, row int) {
	y := [2]reg.VecVirtual{e.own(operand.Mem{Base: b, Disp: 8 * e.lanes * row}), e.own(operand.Mem{Base: b, Disp: 8*e.lanes*row + 4*e.lanes})}
	for r := range acc {
		x := e.broadcast(left.at(r, disp))
		for h, sum := range acc[r] {
			e.VFMADD231PS(x, y[h], sum)
		}
	}
}

// pairTerms adds a pair of terms after the other, the odd one first.
func (e *emitter) pairTerms(acc [][2]reg.VecVirtual, left leftRows) {
	b, pairs, top := e.word("b"), e.word("units"), e.label("pairs")
	e.Label(top)
	e.term(acc, left, 4, b, 1)
	e.term(acc, left, 0, b, 0)
	for _, p := range left.groups {
		e.ADDQ(operand.I32(8), p)
	}
	e.ADDQ(operand.I32(16*e.lanes), b)
	e.DECQ(pairs)
	e.JNE(operand.LabelRef(top))
}

// stepTerms adds steps of 16 pairs: even and odd terms apart, then both to the sums, which wait on the stack.
func (e *emitter) stepTerms(acc [][2]reg.VecVirtual, left leftRows) {
	const atOnce = 4 // pairs
	room := e.AllocLocal(8 * e.lanes * len(acc))
	each := func(do func(sum reg.VecVirtual, waiting operand.Mem)) {
		for r := range acc {
			for h, sum := range acc[r] {
				do(sum, room.Offset(4*e.lanes*(2*r+h)))
			}
		}
	}
	each(func(sum reg.VecVirtual, waiting operand.Mem) { e.VMOVUPS(sum, waiting) })
	b, steps, step := e.word("b"), e.word("units"), e.label("step")
	e.Label(step)
	odd, even := make([][2]reg.VecVirtual, len(acc)), make([][2]reg.VecVirtual, len(acc))
	for r := range acc {
		odd[r], even[r] = [2]reg.VecVirtual{e.zero(), e.zero()}, [2]reg.VecVirtual{e.zero(), e.zero()}
	}
	e.times(16/atOnce, func() {
		for pair := range atOnce {
			e.term(even, left, 8*pair, b, 2*pair)
			e.term(odd, left, 8*pair+4, b, 2*pair+1)
		}
		for _, p := range left.groups {
			e.ADDQ(operand.I32(8*atOnce), p)
		}
		e.ADDQ(operand.I32(16*e.lanes*atOnce), b)
	})
	for r := range acc {
		for h := range 2 {
			waiting := room.Offset(4 * e.lanes * (2*r + h))
			e.VADDPS(odd[r][h], even[r][h], even[r][h])
			e.VADDPS(waiting, even[r][h], even[r][h])
			e.VMOVUPS(even[r][h], waiting)
		}
	}
	e.DECQ(steps)
	e.JNE(operand.LabelRef(step))
	each(func(sum reg.VecVirtual, waiting operand.Mem) { e.VMOVUPS(waiting, sum) })
}
