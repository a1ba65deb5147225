package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Products of bytes for many rows on AVX2. Both operands are made words first, so that one instruction multiplies two terms of 16 bits instead of one
// half of them. A quad of terms is two words that hold its even terms and two that hold its odd ones. Sums of whole values are those of the halves,
// put together, as long as they fit into 32 bits.
var int8WordKernels = []kernel{
	{name: "quantise32", params: "upper, lower *byte, x *float32, count int, inverse float32", only: []isa{avx2},
		doc: "is AVX-512's Quantise for count values, a multiple of 32 above 0.", emit: emitQuantise32},
	{name: "int8LeftWords", params: "dst *uint32, upper, lower *byte, quads int", only: []isa{avx2},
		doc:  "makes a row of bytes words, 256·upper + lower - 0x8080: two for the even and two for the odd terms of a quad. quads is a multiple of 8.",
		emit: emitInt8LeftWords},
	{name: "int8RightWords", params: "dst *uint32, w *byte, quads int", only: []isa{avx2},
		doc:  "makes 16 columns of a panel words: for each quad the even terms of all columns, then the odd ones.",
		emit: emitInt8RightWords},
	{name: "int8WordRows", params: "y *float32, x, w *uint32, scale, rowScale *float32, ldx, ldy, quads, cols int, add bool", only: []isa{avx2},
		doc:  "computes y = (x·w)·scale·rowScale of 4 rows and 16 columns of words, added to y with add; strides are in bytes.",
		emit: emitInt8WordRows},
}

func emitQuantise32(e *emitter) {
	param := func(name string) reg.GPVirtual { return e.Load(e.Param(name), e.GP64()).(reg.GPVirtual) }
	upper, lower, x, count := param("upper"), param("lower"), param("x"), param("count")
	inverse := e.scalar("inverse")
	middle, low := e.reg(e.bits(0x8080)), e.reg(e.bits(0xff))
	top := e.label("values")
	e.Label(top)
	var v [4]reg.VecVirtual
	for i := range v {
		v[i] = e.YMM()
		e.VMULPS(operand.Mem{Base: x, Disp: 32 * i}, inverse, v[i])
		e.clearNaN(v[i])
		e.VCVTPS2DQ(v[i], v[i])
		e.VPADDD(middle, v[i], v[i])
	}
	var halves [2][4]reg.VecVirtual
	for i := range v {
		halves[0][i], halves[1][i] = e.YMM(), e.YMM()
		e.VPAND(low, v[i], halves[0][i])
		e.VPSRLD(operand.U8(8), v[i], halves[1][i])
	}
	for half, dst := range []reg.GPVirtual{lower, upper} {
		e.VMOVDQU(e.packBytes(halves[half]), operand.Mem{Base: dst})
		e.ADDQ(operand.I32(32), dst)
	}
	e.ADDQ(operand.I32(128), x)
	e.SUBQ(operand.I32(32), count)
	e.JNE(operand.LabelRef(top))
}

// packBytes makes 32 numbers of 32 bits, 255 at most, bytes: into the first register.
func (e *emitter) packBytes(v [4]reg.VecVirtual) reg.VecVirtual {
	const inOrder = 0xd8 // of quarters, after packing within halves
	for _, pair := range [][2]reg.VecVirtual{{v[0], v[1]}, {v[2], v[3]}} {
		e.VPACKUSDW(pair[1], pair[0], pair[0])
		e.VPERMQ(operand.U8(inOrder), pair[0], pair[0])
	}
	e.VPACKUSWB(v[2], v[0], v[0])
	e.VPERMQ(operand.U8(inOrder), v[0], v[0])
	return v[0]
}

// clearNaN makes NaN 0.
func (e *emitter) clearNaN(v reg.VecVirtual) {
	const ordered = 7
	if e.wide() {
		k := e.K()
		e.VCMPPS(operand.U8(ordered), v, v, k)
		e.VMOVAPS_Z(v, k, v)
		return
	}
	mask := e.YMM()
	e.VCMPPS(operand.U8(ordered), v, v, mask)
	e.VANDPS(mask, v, v)
}

func emitInt8LeftWords(e *emitter) {
	param := func(name string) reg.GPVirtual { return e.Load(e.Param(name), e.GP64()).(reg.GPVirtual) }
	dst, upper, lower, quads := param("dst"), param("upper"), param("lower"), param("quads")
	bytes, middle := e.bits(0x00ff00ff), e.bits(0x80808080)
	top := e.label("quads")
	e.Label(top)
	u, l, even, odd := e.YMM(), e.YMM(), e.YMM(), e.YMM()
	e.VMOVDQU(operand.Mem{Base: upper}, u)
	e.VMOVDQU(operand.Mem{Base: lower}, l)
	e.VPAND(bytes, l, even)
	e.VPSRLW(operand.U8(8), l, odd)
	high := e.YMM()
	e.VPSLLW(operand.U8(8), u, high)
	e.VPOR(high, even, even)
	e.VPSRLW(operand.U8(8), u, u)
	e.VPSLLW(operand.U8(8), u, u)
	e.VPOR(u, odd, odd)
	e.VPSUBW(middle, even, even)
	e.VPSUBW(middle, odd, odd)
	e.storeQuads(even, odd, dst)
	e.ADDQ(operand.I32(32), upper)
	e.ADDQ(operand.I32(32), lower)
	e.ADDQ(operand.I32(64), dst)
	e.SUBQ(operand.I32(8), quads)
	e.JNE(operand.LabelRef(top))
}

// storeQuads writes 8 quads, the words of each one's even terms before those of its odd ones.
func (e *emitter) storeQuads(even, odd reg.VecVirtual, dst reg.GPVirtual) {
	first, second, out := e.YMM(), e.YMM(), e.YMM()
	e.VPUNPCKLDQ(odd, even, first) // quads 0, 1, 4 and 5
	e.VPUNPCKHDQ(odd, even, second)
	e.VPERM2I128(operand.U8(0x20), second, first, out)
	e.VMOVDQU(out, operand.Mem{Base: dst})
	e.VPERM2I128(operand.U8(0x31), second, first, out)
	e.VMOVDQU(out, operand.Mem{Base: dst, Disp: 32})
}

func emitInt8RightWords(e *emitter) {
	param := func(name string) reg.GPVirtual { return e.Load(e.Param(name), e.GP64()).(reg.GPVirtual) }
	dst, w, quads := param("dst"), param("w"), param("quads")
	top := e.label("quads")
	e.Label(top)
	for p := range 2 {
		even, odd := e.signedWords(operand.Mem{Base: w, Disp: 32 * p})
		e.VMOVDQU(even, operand.Mem{Base: dst, Disp: 32 * p})
		e.VMOVDQU(odd, operand.Mem{Base: dst, Disp: 64 + 32*p})
	}
	e.ADDQ(operand.I32(4*panelColumns), w)
	e.ADDQ(operand.I32(128), dst)
	e.DECQ(quads)
	e.JNE(operand.LabelRef(top))
}

func emitInt8WordRows(e *emitter) {
	const rows, parts = 4, 2
	param := func(name string) reg.GPVirtual { return e.Load(e.Param(name), e.GP64()).(reg.GPVirtual) }
	at, bases := e.rowsAt(rows)
	w, quads := param("w"), param("quads")
	var sums [rows][parts]reg.VecVirtual
	for r := range sums {
		sums[r] = [parts]reg.VecVirtual{e.zero(), e.zero()}
	}
	top := e.label("quads")
	e.Label(top)
	for half := range 2 { // even terms, then odd ones
		right := [parts]reg.VecVirtual{e.YMM(), e.YMM()}
		for p := range right {
			e.VMOVDQU(operand.Mem{Base: w, Disp: 64*half + 32*p}, right[p])
		}
		for r := range sums {
			left := e.YMM()
			e.VPBROADCASTD(at(r, 4*half), left)
			for p := range right {
				product := e.YMM()
				e.VPMADDWD(right[p], left, product)
				e.VPADDD(product, sums[r][p], sums[r][p])
			}
		}
	}
	for _, x := range bases {
		e.ADDQ(operand.I32(8), x)
	}
	e.ADDQ(operand.I32(128), w)
	e.DECQ(quads)
	e.JNE(operand.LabelRef(top))

	scale, rowScale := param("scale"), param("rowScale")
	for r := range sums {
		own := e.YMM()
		e.VBROADCASTSS(operand.Mem{Base: rowScale, Disp: 4 * r}, own)
		for p, s := range sums[r] {
			e.VCVTDQ2PS(s, s)
			e.VMULPS(operand.Mem{Base: scale, Disp: 32 * p}, s, s)
			e.VMULPS(own, s, s)
		}
	}
	y, ldy, cols, add := param("y"), param("ldy"), param("cols"), e.Load(e.Param("add"), e.GP8())
	result := func(row, part int) reg.VecVirtual { return sums[row][part] }
	masked, done := e.label("masked"), e.label("done") // a masked store takes as long as a dozen others
	e.CMPQ(cols, operand.I32(8*parts))
	e.JNE(operand.LabelRef(masked))
	e.storeInt8(y, ldy, add, rows, make([]reg.Register, parts), result)
	e.JMP(operand.LabelRef(done))
	e.Label(masked)
	masks := e.columnMasks(cols)
	e.storeInt8(y, ldy, add, rows, masks[:], result)
	e.Label(done)
}
