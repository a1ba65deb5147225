package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Products of blocks for many rows on AVX2. As for bytes (int8_words.go) both operands are made words first, a quad two of its even and two of its odd
// terms; the weights' shift is taken from them there. Sums of a block fit into 32 bits.
var blockWordKernels = func() []kernel {
	ks := []kernel{{name: "blockLeftWords", params: "dst, x *uint32, blocks int", only: []isa{avx2},
		doc: "makes records of a row words, with their scale and their sum as a number behind them.", emit: emitBlockLeftWords}}
	for _, b := range blockTypes {
		ks = append(ks, kernel{name: fmt.Sprintf("blocks%sWords", b.name), params: "dst *uint32, scales, numbers *byte, blocks, first int", only: []isa{avx2},
			doc:  fmt.Sprintf("makes 8 columns of a panel of %s words, from the first one on, with both of their scales behind each block.", b.name),
			emit: func(e *emitter) { e.blockRightWords(b) }})
	}
	for _, kind := range []string{wholeScale, twoScales, withLeast} {
		ks = append(ks, kernel{name: "blockWordRows" + kind, params: "y *float32, x, w *uint32, ldx, ldy, blocks, cols int, add bool", only: []isa{avx2},
			doc:  "computes 4 rows and 8 columns of words, added to y with add; strides are in bytes.",
			emit: func(e *emitter) { e.blockWordRows(kind) }})
	}
	return ks
}()

// What a block has beside its numbers.
const (
	wholeScale = "Whole" // a scale
	twoScales  = "Parts" // a scale for each half of its terms
	withLeast  = "Least" // a scale, and what is taken from each term
)

// Blocks of words, in bytes.
const (
	leftScale  = 64
	leftSum    = 68
	leftBytes  = 72
	rightScale = 512
	rightNext  = 544
	rightBytes = 576
)

func emitBlockLeftWords(e *emitter) {
	param := func(name string) reg.GPVirtual { return e.Load(e.Param(name), e.GP64()).(reg.GPVirtual) }
	dst, x, blocks := param("dst"), param("x"), param("blocks")
	high := e.bits(0xff00ff00)
	top := e.label("block")
	e.Label(top)
	upper, lower, even, odd := e.YMM(), e.YMM(), e.YMM(), e.YMM()
	e.VMOVDQU(operand.Mem{Base: x}, upper)
	e.VMOVDQU(operand.Mem{Base: x, Disp: recordLower}, lower)
	e.VPSLLW(operand.U8(8), lower, even)
	e.VPSRAW(operand.U8(8), even, even)
	e.VPSRAW(operand.U8(8), lower, odd)
	t := e.YMM()
	e.VPSLLW(operand.U8(8), upper, t)
	e.VPADDW(t, even, even)
	e.VPAND(high, upper, upper)
	e.VPADDW(upper, odd, odd)
	e.storeQuads(even, odd, dst)
	scale, sum := e.GP32(), e.XMM()
	e.MOVL(operand.Mem{Base: x, Disp: recordScale}, scale)
	e.MOVL(scale, operand.Mem{Base: dst, Disp: leftScale})
	e.VMOVD(operand.Mem{Base: x, Disp: recordSum}, sum)
	e.VCVTDQ2PS(sum, sum)
	e.VMOVSS(sum, operand.Mem{Base: dst, Disp: leftSum})
	e.ADDQ(operand.I32(recordBytes), x)
	e.ADDQ(operand.I32(leftBytes), dst)
	e.DECQ(blocks)
	e.JNE(operand.LabelRef(top))
}

func (e *emitter) blockRightWords(b blockType) {
	param := func(name string) reg.GPVirtual { return e.Load(e.Param(name), e.GP64()).(reg.GPVirtual) }
	n := &narrowBlocks{blockType: b, scales: param("scales"), numbers: param("numbers"), first: param("first"), low: e.bits(0x0f0f0f0f)}
	dst, blocks := param("dst"), param("blocks")
	bytes := e.bits(0x00ff00ff)
	var middle operand.Op
	if b.middle > 0 {
		middle = e.bits(0x00010001 << b.middle)
	}
	outer, top, left := e.label("factors"), e.label("block"), blocks
	var factors []reg.VecVirtual
	if b.factors {
		left = e.GP64()
		e.Label(outer)
		factors = n.loadFactors(e)
		e.ADDQ(operand.I32(32*len(factors)), n.scales)
		e.MOVQ(operand.I32(8), left)
	}
	e.Label(top)
	for i := range 8 {
		var v reg.VecVirtual
		if b.bits == 8 {
			v = e.YMM()
			e.VMOVDQU(n.line(i), v)
		} else {
			v = n.four(e, i)[0]
		}
		even := e.YMM()
		e.VPAND(bytes, v, even)
		e.VPSRLW(operand.U8(8), v, v)
		for half, words := range []reg.VecVirtual{even, v} {
			if middle != nil {
				e.VPSUBW(middle, words, words)
			}
			e.VMOVDQU(words, operand.Mem{Base: dst, Disp: 64*i + 32*half})
		}
	}
	e.VMOVUPS(n.scale(e, factors, 0), operand.Mem{Base: dst, Disp: rightScale})
	if b.parts() || b.middle == 0 {
		e.VMOVUPS(n.scale(e, factors, 1), operand.Mem{Base: dst, Disp: rightNext})
	}
	e.ADDQ(operand.I32(b.scaleBytes()), n.scales)
	e.ADDQ(operand.I32(64*b.bits), n.numbers)
	e.ADDQ(operand.I32(rightBytes), dst)
	e.DECQ(left)
	e.JNE(operand.LabelRef(top))
	if b.factors {
		e.SUBQ(operand.I32(8), blocks)
		e.JNE(operand.LabelRef(outer))
	}
}

func (e *emitter) blockWordRows(kind string) {
	const rows = 4
	param := func(name string) reg.GPVirtual { return e.Load(e.Param(name), e.GP64()).(reg.GPVirtual) }
	at, bases := e.rowsAt(rows)
	w, blocks := param("w"), param("blocks")
	sums, parts, whole := make([]reg.VecVirtual, rows), make([]reg.VecVirtual, rows), make([]reg.VecVirtual, rows)
	for r := range rows {
		sums[r], parts[r], whole[r] = e.zero(), e.YMM(), e.YMM()
	}
	top := e.label("block")
	e.Label(top)
	for i := range 16 { // pairs of terms
		if i == 0 || kind == twoScales && i == 8 {
			for r := range parts {
				e.clear(parts[r])
			}
		}
		right := e.YMM()
		e.VMOVDQU(operand.Mem{Base: w, Disp: 32 * i}, right)
		for r := range parts {
			left := e.YMM()
			e.VPBROADCASTD(at(r, 4*i), left)
			e.VPMADDWD(right, left, left)
			e.VPADDD(left, parts[r], parts[r])
		}
		if kind == twoScales && i == 7 {
			for r := range parts {
				e.VCVTDQ2PS(parts[r], whole[r])
				e.VMULPS(operand.Mem{Base: w, Disp: rightScale}, whole[r], whole[r])
			}
		}
	}
	for r, v := range parts {
		e.VCVTDQ2PS(v, v)
		switch kind {
		case twoScales:
			e.VMULPS(operand.Mem{Base: w, Disp: rightNext}, v, v)
			e.VADDPS(v, whole[r], v)
		case withLeast:
			least := e.broadcast(at(r, leftSum))
			e.VMULPS(operand.Mem{Base: w, Disp: rightNext}, least, least)
			e.VMULPS(operand.Mem{Base: w, Disp: rightScale}, v, v)
			e.VSUBPS(least, v, v)
		default:
			e.VMULPS(operand.Mem{Base: w, Disp: rightScale}, v, v)
		}
		scale := e.broadcast(at(r, leftScale))
		e.VMULPS(scale, v, v)
		e.VADDPS(v, sums[r], sums[r])
	}
	for _, x := range bases {
		e.ADDQ(operand.I32(leftBytes), x)
	}
	e.ADDQ(operand.I32(rightBytes), w)
	e.DECQ(blocks)
	e.JNE(operand.LabelRef(top))
	e.storeColumns(sums, 1)
}
