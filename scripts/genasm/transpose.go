package main

import (
	"math/bits"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// The transposes work on units of 16 rows by 8 columns. A register holds 8 columns of row i and, in its upper half, of row i+8; an 8×8
// transpose inside the halves then leaves one column of 16 rows in each register. Rows and columns that fill no unit are left to Go.
var transposeKernels = []kernel{
	{name: "transposeUnits", params: "dst, src []uint16, rows, cols int", only: []isa{avx2},
		doc:   "transposes the whole 16×8 units of src.",
		other: "transpose16Go(dst, src, rows, cols, 0, rows&^15, 0, cols&^7)",
		emit: func(e *emitter) {
			e.transpose(2, func(p, q operand.Mem) reg.VecVirtual {
				r := e.YMM()
				e.VBROADCASTI128(p, r) // to both halves: avo would take the rest of a half-written register for a live value
				e.VINSERTI128(operand.U8(1), q, r, r)
				return r
			})
		}},
	{name: "toBF16TransposeUnits", params: "dst []uint16, src []float32, rows, cols int",
		doc:   "rounds and transposes the whole 16×8 units of src.",
		other: "toBF16TransposedGo(dst, src, rows, cols, 0, rows&^15, 0, cols&^7)",
		emit: func(e *emitter) {
			k := e.bf16Constants()
			e.transpose(4, func(p, q operand.Mem) reg.VecVirtual {
				a := e.vec()
				if e.wide() {
					e.VBROADCASTF32X8(p, a)
					e.VINSERTF32X8(operand.U8(1), q, a, a)
					a = e.roundBF16(a, k)
					e.VPSRLD(operand.U8(16), a, a)
					r := e.YMM()
					e.VPMOVDW(a, r)
					return r
				}
				b := e.vec()
				e.VMOVUPS(p, a)
				e.VMOVUPS(q, b)
				a, b = e.roundBF16(a, k), e.roundBF16(b, k)
				e.VPSRLD(operand.U8(16), a, a)
				e.VPSRLD(operand.U8(16), b, b)
				e.VPACKUSDW(b, a, a)
				e.VPERMQ(operand.U8(0xd8), a, a)
				return a
			})
		}},
}

// transpose walks the units, 4 columns of them at a time so that whole cache lines are used, then one at a time. load fetches 8 columns
// of the rows at p and q; size is the size of a source element.
func (e *emitter) transpose(size int, load func(p, q operand.Mem) reg.VecVirtual) {
	src, dst := e.slice("src"), e.slice("dst")
	cols := e.Load(e.Param("cols"), e.GP64()).(reg.GPVirtual)
	sstride, s3, dstride, d3 := e.GP64(), e.GP64(), e.GP64(), e.GP64()
	e.MOVQ(cols, sstride)
	e.SHLQ(operand.U8(bits.TrailingZeros(uint(size))), sstride)
	e.LEAQ(operand.Mem{Base: sstride, Index: sstride, Scale: 2}, s3)
	e.Load(e.Param("rows"), dstride)
	e.SHLQ(operand.U8(1), dstride)
	e.LEAQ(operand.Mem{Base: dstride, Index: dstride, Scale: 2}, d3)
	sp, dp, left := e.GP64(), e.GP64(), e.GP64()
	for _, units := range []int{4, 1} {
		nextCols, doneCols := e.label("cols"), e.label("colsDone")
		e.Label(nextCols)
		e.CMPQ(cols, operand.I32(8*units))
		e.JLT(operand.LabelRef(doneCols))
		e.MOVQ(src, sp)
		e.MOVQ(dst, dp)
		e.Load(e.Param("rows"), left)
		nextRows, doneRows := e.label("rows"), e.label("rowsDone")
		e.Label(nextRows)
		e.CMPQ(left, operand.I32(16))
		e.JLT(operand.LabelRef(doneRows))
		d := e.GP64()
		e.MOVQ(dp, d)
		for u := range units {
			e.transposeUnit(sp, sstride, s3, d, dstride, d3, 8*size*u, load)
		}
		// 16 rows on in the source, 32 bytes on in the destination.
		e.LEAQ(operand.Mem{Base: sp, Index: sstride, Scale: 8}, sp)
		e.LEAQ(operand.Mem{Base: sp, Index: sstride, Scale: 8}, sp)
		e.ADDQ(operand.I32(32), dp)
		e.SUBQ(operand.I32(16), left)
		e.JMP(operand.LabelRef(nextRows))
		e.Label(doneRows)
		e.ADDQ(operand.I32(8*size*units), src)
		for range units {
			e.LEAQ(operand.Mem{Base: dst, Index: dstride, Scale: 8}, dst)
		}
		e.SUBQ(operand.I32(8*units), cols)
		e.JMP(operand.LabelRef(nextCols))
		e.Label(doneCols)
	}
}

// transposeUnit does one unit, offset bytes into the rows; d moves on by 8 rows of the destination.
func (e *emitter) transposeUnit(sp, sstride, s3, d, dstride, d3 reg.GPVirtual, offset int, load func(p, q operand.Mem) reg.VecVirtual) {
	p, q := e.GP64(), e.GP64()
	e.MOVQ(sp, p)
	e.LEAQ(operand.Mem{Base: sp, Index: sstride, Scale: 8}, q)
	row := func(base reg.GPVirtual, stride, stride3 reg.GPVirtual, k int) operand.Mem {
		m := operand.Mem{Base: base, Disp: offset}
		switch k {
		case 1, 2:
			m.Index, m.Scale = stride, uint8(k)
		case 3:
			m.Index, m.Scale = stride3, 1
		}
		return m
	}
	var r [8]reg.VecVirtual
	for i := range r {
		if i == 4 {
			e.LEAQ(operand.Mem{Base: p, Index: sstride, Scale: 4}, p)
			e.LEAQ(operand.Mem{Base: q, Index: sstride, Scale: 4}, q)
		}
		r[i] = load(row(p, sstride, s3, i%4), row(q, sstride, s3, i%4))
	}
	var t, u [8]reg.VecVirtual
	for i := range 4 { // pairs of rows: t[2i] has columns 0–3, t[2i+1] columns 4–7
		t[2*i], t[2*i+1] = e.YMM(), e.YMM()
		e.VPUNPCKLWD(r[2*i+1], r[2*i], t[2*i])
		e.VPUNPCKHWD(r[2*i+1], r[2*i], t[2*i+1])
	}
	for half := range 2 { // four rows: u[4·half+c] has columns 2c and 2c+1
		for c := range 4 {
			u[4*half+c] = e.YMM()
			a, b := t[4*half+c/2], t[4*half+2+c/2]
			if c%2 == 0 {
				e.VPUNPCKLDQ(b, a, u[4*half+c])
			} else {
				e.VPUNPCKHDQ(b, a, u[4*half+c])
			}
		}
	}
	offset = 0
	for c := range 8 {
		out := e.YMM()
		if c%2 == 0 {
			e.VPUNPCKLQDQ(u[4+c/2], u[c/2], out)
		} else {
			e.VPUNPCKHQDQ(u[4+c/2], u[c/2], out)
		}
		if c == 4 {
			e.LEAQ(operand.Mem{Base: d, Index: dstride, Scale: 4}, d)
		}
		e.VMOVDQU(out, row(d, dstride, d3, c%4))
	}
	e.LEAQ(operand.Mem{Base: d, Index: dstride, Scale: 4}, d)
}
