package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Products of float32 on AMX tiles: an operand is split into three of bf16, x = x₁ + x₂ + x₃ with 8 bits each, which is exact, and the six
// products of the largest parts are summed: what is left out is below 2⁻²⁵ of a term (Henry, Tang and Heinecke 2019, arXiv 1904.06376). A
// step of 32 terms holds the tiles of x₁, x₂ and x₃ one after the other, and a pair of words holds the terms k and k+16, which costs less than
// neighbours do.
var splitKernels = []kernel{
	splitStrip("amxSplitStrip", "multiplies 32 rows of split A with one panel of split B after the other; strides are in bytes. Blocks of C lie side by side.", strip{halves: 2}),
	splitStrip("amxSplitStripFrom", "is amxSplitStrip with from, which may be C, added to the sums.", strip{halves: 2, from: true}),
	splitStrip("amxSplitHalfStrip", "is amxSplitStrip for 16 rows.", strip{halves: 1}),
	splitStrip("amxSplitHalfStripFrom", "is amxSplitStripFrom for 16 rows.", strip{halves: 1, from: true}),
	{name: "amxSplitRow", params: "dst, src *byte, steps int", only: []isa{avx512},
		doc:   "splits a row of a left operand.",
		other: noAMX, emit: func(e *emitter) {
			p, s := packing{dst: e.word("dst"), src: e.word("src"), steps: e.word("steps")}, e.splitter()
			e.packLoop(p, splitParts, 0, func() {
				for i, x := range s.split(operand.Mem{Base: p.src}, operand.Mem{Base: p.src, Disp: 64}) {
					e.VMOVDQU32(x, operand.Mem{Base: p.dst, Disp: 2048 * i})
				}
			})
		}},
	{name: "amxSplitRows", params: "dst, src *byte, ld, steps int", only: []isa{avx512},
		doc:   "splits and packs 32 columns of B [K,N], rows ld bytes apart.",
		other: noAMX, emit: func(e *emitter) {
			p, s := e.packArguments(), e.splitter()
			e.packLoop(p, splitParts, 32, func() {
				e.pairRows(p, s, func(part, half, row int) operand.Mem {
					return operand.Mem{Base: p.dst, Disp: 2048*part + 1024*half + 64*row}
				})
			})
		}},
	{name: "amxSplitColumns", params: "dst, src *byte, ld, steps int", only: []isa{avx512},
		doc:   "splits and packs 32 columns of B, given as 32 rows of its transpose, ld bytes apart.",
		other: noAMX, emit: func(e *emitter) {
			p, s := e.packArguments(), e.splitter()
			room := e.AllocLocal(2048 * splitParts)
			e.packLoop(p, splitParts, 0, func() {
				row := e.GP64()
				e.MOVQ(p.src, row)
				for c := range 32 {
					for i, x := range s.split(operand.Mem{Base: row}, operand.Mem{Base: row, Disp: 64}) {
						e.VMOVDQU32(x, room.Offset(2048*i+64*c))
					}
					e.ADDQ(p.ld, row)
				}
				e.transposeTiles(p.dst, room)
			})
		}},
	{name: "amxSplitLeft", params: "dst, src *byte, ld, steps int", only: []isa{avx512},
		doc:   "splits and packs 32 rows of a left operand, given as 32 columns of its transpose, rows ld bytes apart.",
		other: noAMX, emit: func(e *emitter) {
			p, s := e.packArguments(), e.splitter()
			room := e.AllocLocal(2048 * splitParts)
			e.packLoop(p, splitParts, 32, func() {
				e.pairRows(p, s, func(part, half, row int) operand.Mem { return room.Offset(2048*part + 1024*half + 64*row) })
				e.transposeTiles(p.dst, room)
			})
		}},
}

const splitParts = 3

// splitProducts are the products of a step, small ones first, in an order in which most share an operand with the one before.
var splitProducts = [][2]int{{0, 2}, {0, 1}, {1, 1}, {1, 0}, {2, 0}, {0, 0}}

func splitStrip(name, doc string, v strip) kernel {
	v.split = splitProducts
	return kernel{name: name, params: stripParams, only: []isa{avx512}, doc: doc, other: noAMX, emit: func(e *emitter) { e.amxStrip(v) }}
}

// splitStep adds the products of a step, and writes rows of the block before between them.
func (e *emitter) splitStep(v strip, writing func()) {
	inA, inB := -1, -1
	for i, p := range v.split {
		if p[0] != inA {
			inA = p[0]
			for h := range v.halves {
				e.tile(tileLoad, tileA+h, stripA, stripLDA, 2048*inA+1024*h)
			}
		}
		if p[1] != inB {
			inB = p[1]
			e.tile(tileLoad, tileB, stripB, stripSide, 2048*inB)
			e.tile(tileLoad, tileB+1, stripB, stripSide, 2048*inB+1024)
		}
		for h := range v.halves {
			e.product(2*h, tileA+h, tileB)
			e.product(2*h+1, tileA+h, tileB+1)
		}
		if i%(len(v.split)/2) == 0 {
			writing()
		}
	}
}

// splitter holds the constants of splitting.
type splitter struct {
	e          *emitter
	half, high reg.VecVirtual
}

func (e *emitter) splitter() splitter {
	return splitter{e, e.own(e.bits(0x8000)), e.own(e.bits(0xffff0000))}
}

// split gives the parts of 16 values at a, in the lower words, and of 16 values at b, in the upper words. A part is the upper half of what is
// left, rounded to the nearest, ties away from 0; the last needs no rounding. Infinity leaves NaN, and NaN stays in the last part.
func (s splitter) split(a, b operand.Mem) [splitParts]reg.VecVirtual {
	e := s.e
	x, y := e.ZMM(), e.ZMM()
	e.VMOVUPS(a, x)
	e.VMOVUPS(b, y)
	var out [splitParts]reg.VecVirtual
	for i := range splitParts {
		low := e.ZMM()
		out[i] = e.ZMM()
		if i == splitParts-1 {
			e.VPSRLD(operand.U8(16), x, low)
			e.VPANDD(s.high, y, out[i])
		} else {
			round := e.ZMM()
			e.VPADDD(s.half, x, round)
			e.VPANDD(s.high, round, round)
			e.VPADDD(s.half, y, out[i])
			e.VPANDD(s.high, out[i], out[i])
			e.VSUBPS(round, x, x)
			e.VSUBPS(out[i], y, y)
			e.VPSRLD(operand.U8(16), round, low)
		}
		e.VPORD(low, out[i], out[i])
	}
	return out
}

// pairRows splits 32 rows of 32 values, and joins each of the first 16 with the one 16 further on.
func (e *emitter) pairRows(p packing, s splitter, at func(part, half, row int) operand.Mem) {
	upper, lower := e.GP64(), e.GP64()
	e.MOVQ(p.src, upper)
	e.MOVQ(p.ld, lower)
	e.SHLQ(operand.U8(4), lower)
	e.ADDQ(p.src, lower)
	for row := range 16 {
		for half := range 2 {
			for part, x := range s.split(operand.Mem{Base: upper, Disp: 64 * half}, operand.Mem{Base: lower, Disp: 64 * half}) {
				e.VMOVDQU32(x, at(part, half, row))
			}
		}
		e.ADDQ(p.ld, upper)
		e.ADDQ(p.ld, lower)
	}
}

// transposeTiles writes the transposes of all tiles of a step.
func (e *emitter) transposeTiles(dst reg.GPVirtual, room operand.Mem) {
	row, stride := e.GP64(), e.GP64()
	e.LEAQ(room, row)
	e.MOVQ(operand.U32(64), stride)
	for tile := range 2 * splitParts {
		e.transposeWords(dst, 1024*tile, row, stride)
	}
}
