package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// narrowInt8Rows is int8Rows for AVX2, 16 columns at a time. There is no instruction that adds up four products of bytes without saturating, so the
// bytes become words: the even terms of a quad and the odd ones are multiplied apart, two products to a sum.
func (e *emitter) narrowInt8Rows(rows int) {
	param := func(name string) reg.GPVirtual { return e.Load(e.Param(name), e.GP64()).(reg.GPVirtual) }
	at, bases := e.rowsAt(2 * rows) // a row is two rows of bytes
	w, start, quads := param("w"), param("start"), param("quads")
	const parts = 2
	sums := make([][parts]reg.VecVirtual, 2*rows)
	for r := range sums {
		for p := range parts {
			sums[r][p] = e.YMM()
			e.VMOVDQU(operand.Mem{Base: start, Disp: 32 * p}, sums[r][p])
		}
	}
	bytes := e.bits(0x00ff00ff)
	top := e.label("quads")
	e.Label(top)
	var even, odd [parts]reg.VecVirtual
	for p := range parts {
		even[p], odd[p] = e.YMM(), e.YMM()
		e.VMOVDQU(operand.Mem{Base: w, Disp: 32 * p}, odd[p])
		e.VPSLLW(operand.U8(8), odd[p], even[p])
		e.VPSRAW(operand.U8(8), even[p], even[p])
		e.VPSRAW(operand.U8(8), odd[p], odd[p])
	}
	for r := range sums {
		leftEven, leftOdd, product := e.YMM(), e.YMM(), e.YMM()
		e.VPBROADCASTD(at(r, 0), leftOdd)
		e.VPAND(bytes, leftOdd, leftEven)
		e.VPSRLW(operand.U8(8), leftOdd, leftOdd)
		for p, sum := range sums[r] {
			e.VPMADDWD(even[p], leftEven, product)
			e.VPADDD(product, sum, sum)
			e.VPMADDWD(odd[p], leftOdd, product)
			e.VPADDD(product, sum, sum)
		}
	}
	for _, x := range bases {
		e.ADDQ(operand.I32(4), x)
	}
	e.ADDQ(operand.I32(4*panelColumns), w)
	e.DECQ(quads)
	e.JNE(operand.LabelRef(top))

	scale, rowScale, unit := param("scale"), param("rowScale"), e.float(256)
	for r := range rows {
		own := e.YMM()
		e.VBROADCASTSS(operand.Mem{Base: rowScale, Disp: 4 * r}, own)
		for p := range parts {
			s, lower := sums[2*r][p], sums[2*r+1][p]
			e.VCVTDQ2PS(s, s)
			e.VCVTDQ2PS(lower, lower)
			e.VMULPS(unit, s, s)
			e.VADDPS(lower, s, s)
			e.VMULPS(operand.Mem{Base: scale, Disp: 32 * p}, s, s)
			e.VMULPS(own, s, s)
		}
	}
	masks := e.columnMasks(param("cols"))
	e.storeInt8(param("y"), param("ldy"), e.Load(e.Param("add"), e.GP8()), rows, masks[:], func(row, part int) reg.VecVirtual { return sums[2*row][part] })
}
