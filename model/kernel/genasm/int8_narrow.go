package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// narrowInt8Rows is int8Rows for AVX2: two rows of 16 columns, or one row of 32. There is no instruction that adds up four products of bytes without
// saturating, so the bytes become words: the even terms of a quad and the odd ones are multiplied apart, two products to a sum.
func (e *emitter) narrowInt8Rows(rows int) {
	param := func(name string) reg.GPVirtual { return e.Load(e.Param(name), e.GP64()).(reg.GPVirtual) }
	at, bases := e.rowsAt(2 * rows) // a row is two rows of bytes
	w, start, quads := param("w"), param("start"), param("quads")
	parts := 4 / rows // of 8 columns: 8 of the 16 registers are sums
	sums := make([][]reg.VecVirtual, 2*rows)
	for r := range sums {
		for p := range parts {
			sums[r] = append(sums[r], e.YMM())
			e.VMOVDQU(operand.Mem{Base: start, Disp: 32 * p}, sums[r][p])
		}
	}
	bytes := e.bits(0x00ff00ff)
	left := func(r int) (even, odd reg.VecVirtual) {
		even, odd = e.YMM(), e.YMM()
		e.VPBROADCASTD(at(r, 0), odd)
		e.VPAND(bytes, odd, even)
		e.VPSRLW(operand.U8(8), odd, odd)
		return even, odd
	}
	right := func(p int) (even, odd reg.VecVirtual) { return e.signedWords(operand.Mem{Base: w, Disp: 32 * p}) }
	multiply := func(even, odd, leftEven, leftOdd, sum reg.VecVirtual) {
		product := e.YMM()
		e.VPMADDWD(even, leftEven, product)
		e.VPADDD(product, sum, sum)
		e.VPMADDWD(odd, leftOdd, product)
		e.VPADDD(product, sum, sum)
	}
	top := e.label("quads")
	e.Label(top)
	for line := range parts / 2 { // parts of a panel are 256 bytes apart, too far for the processor to ask for the next ones in time
		e.PREFETCHT0(operand.Mem{Base: w, Disp: aheadBytes + 64*line})
	}
	// The operand that takes fewer registers is kept through a quad.
	if rows == 1 {
		upperEven, upperOdd := left(0)
		lowerEven, lowerOdd := left(1)
		for p := range parts {
			even, odd := right(p)
			multiply(even, odd, upperEven, upperOdd, sums[0][p])
			multiply(even, odd, lowerEven, lowerOdd, sums[1][p])
		}
	} else {
		firstEven, firstOdd := right(0)
		secondEven, secondOdd := right(1)
		for r := range sums {
			even, odd := left(r)
			multiply(firstEven, firstOdd, even, odd, sums[r][0])
			multiply(secondEven, secondOdd, even, odd, sums[r][1])
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
	cols := param("cols")
	first, sixteen := e.GP64(), e.GP64()
	e.MOVQ(cols, first)
	e.MOVQ(operand.U32(16), sixteen)
	e.CMPQ(cols, sixteen)
	e.CMOVQGT(sixteen, first)
	low := e.columnMasks(first)
	masks := low[:]
	if parts > 2 {
		e.SUBQ(first, cols)
		high := e.columnMasks(cols)
		masks = append(masks, high[:]...)
	}
	e.storeInt8(param("y"), param("ldy"), e.Load(e.Param("add"), e.GP8()), rows, masks, func(row, part int) reg.VecVirtual { return sums[2*row][part] })
}

// signedWords loads 32 signed bytes as words: the even ones and the odd ones.
func (e *emitter) signedWords(from operand.Mem) (even, odd reg.VecVirtual) {
	even, odd = e.YMM(), e.YMM()
	e.VMOVDQU(from, odd)
	e.VPSLLW(operand.U8(8), odd, even)
	e.VPSRAW(operand.U8(8), even, even)
	e.VPSRAW(operand.U8(8), odd, odd)
	return even, odd
}
