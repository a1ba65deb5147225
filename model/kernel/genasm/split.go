package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Products of float32 on AMX tiles: an operand is split into bf16, 8 bits each, and the products of the largest parts are summed (Henry, Tang and
// Heinecke 2019, arXiv 1904.06376). Three parts are exact, and what six of their products leave out is below 2⁻²⁵ of a term; of two parts
// and three products 16 bits are right. A step of 32 terms holds the tiles of the first parts, then those of the others, and a pair of words
// holds the terms k and k+16, which costs less than neighbours do.
var splitKernels = append(
	// Small products first, in an order in which most share an operand with the one before.
	splitting("split3", 3, [][2]int{{0, 2}, {0, 1}, {1, 1}, {1, 0}, {2, 0}, {0, 0}}),
	splitting("split2", 2, [][2]int{{0, 1}, {1, 0}, {0, 0}})...,
)

// splitting makes the kernels of operands in so many parts. A product names the part of A and that of B.
func splitting(name string, parts int, products [][2]int) []kernel {
	product := func(suffix, doc string, v strip) kernel {
		v.split = products
		return kernel{name: name + suffix, params: stripParams, only: []isa{amx}, doc: doc, emit: func(e *emitter) { e.amxStrip(v) }}
	}
	return []kernel{
		product("Strip", "multiplies 32 rows of split A with one panel of split B after the other; strides are in bytes. Blocks of C lie side by side.", strip{halves: 2}),
		product("StripFrom", "is "+name+"Strip with from, which may be C, added to the sums.", strip{halves: 2, from: true}),
		product("HalfStrip", "is "+name+"Strip for 16 rows.", strip{halves: 1}),
		product("HalfStripFrom", "is "+name+"StripFrom for 16 rows.", strip{halves: 1, from: true}),
		{name: name + "Row", params: "dst, src *byte, steps int", only: []isa{avx512},
			doc: "splits a row of a left operand.",
			emit: func(e *emitter) {
				p, s := packing{dst: e.word("dst"), src: e.word("src"), steps: e.word("steps")}, e.splitter(parts)
				e.packLoop(p, parts, 0, func() {
					for i, x := range s.split(operand.Mem{Base: p.src}, operand.Mem{Base: p.src, Disp: 64}) {
						e.VMOVDQU32(x, operand.Mem{Base: p.dst, Disp: 2048 * i})
					}
				})
			}},
		{name: name + "Rows", params: packParams, only: []isa{avx512},
			doc: "splits and packs 32 columns of B [K,N], rows ld bytes apart.",
			emit: func(e *emitter) {
				p, s := e.packArguments(), e.splitter(parts)
				e.packLoop(p, parts, 32, func() { e.pairRows(p, s, p.dst) })
			}},
		{name: name + "Columns", params: packParams, only: []isa{avx512},
			doc: "splits and packs 32 columns of B, given as 32 rows of its transpose, ld bytes apart.",
			emit: func(e *emitter) {
				p, s := e.packArguments(), e.splitter(parts)
				room := e.AllocLocal(2048 * parts)
				e.packLoop(p, parts, 0, func() {
					row, to := e.copyOf(p.src), e.address(room)
					e.times(32, func() {
						for i, x := range s.split(operand.Mem{Base: row}, operand.Mem{Base: row, Disp: 64}) {
							e.VMOVDQU32(x, operand.Mem{Base: to, Disp: 2048 * i})
						}
						e.ADDQ(p.ld, row)
						e.ADDQ(operand.U32(64), to)
					})
					e.transposeTiles(p.dst, e.address(room), e.number(64), uint32(2*parts), below)
				})
			}},
		{name: name + "Left", params: packParams, only: []isa{avx512},
			doc: "splits and packs 32 rows of a left operand, given as 32 columns of its transpose, rows ld bytes apart.",
			emit: func(e *emitter) {
				p, s := e.packArguments(), e.splitter(parts)
				room := e.AllocLocal(2048 * parts)
				e.packLoop(p, parts, 32, func() {
					e.pairRows(p, s, e.address(room))
					e.transposeTiles(p.dst, e.address(room), e.number(64), uint32(2*parts), below)
				})
			}},
	}
}

// splitStep adds the products of a step, asks for the operands of the next, and writes rows of the block before between them.
func (e *emitter) splitStep(v strip, writing func()) {
	inA, inB, lines := -1, -1, 32*v.parts()
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
			from, to := (v.halves*i+h)*lines/(v.halves*len(v.split)), (v.halves*i+h+1)*lines/(v.halves*len(v.split))
			e.product(2*h, tileA+h, tileB)
			e.askLines(stripB, 64*lines, from, to)
			e.product(2*h+1, tileA+h, tileB+1)
			e.askLines(stripA, 64*lines, from, to)
		}
		if i%3 == 0 {
			writing()
		}
	}
}

// splitter holds the constants of splitting.
type splitter struct {
	e          *emitter
	parts      int
	half, high reg.VecVirtual
}

func (e *emitter) splitter(parts int) splitter {
	return splitter{e, parts, e.own(e.bits(0x8000)), e.own(e.bits(0xffff0000))}
}

// split gives the parts of 16 values at a, in the lower words, and of 16 values at b, in the upper words. A part is the upper half of what is
// left, rounded to the nearest, ties away from 0; the third needs no rounding. Infinity leaves NaN, and NaN stays in the last part.
func (s splitter) split(a, b operand.Mem) []reg.VecVirtual {
	e := s.e
	x, y := e.ZMM(), e.ZMM()
	e.VMOVUPS(a, x)
	e.VMOVUPS(b, y)
	out := make([]reg.VecVirtual, s.parts)
	for i := range out {
		low, round := e.ZMM(), x
		out[i] = e.ZMM()
		switch {
		case i == 2:
			e.VPANDD(s.high, y, out[i])
		case i == s.parts-1:
			round = s.rounded(x)
			e.VPANDD(s.high, s.rounded(y), out[i])
		default:
			round = e.ZMM()
			e.VPADDD(s.half, x, round)
			e.VPANDD(s.high, round, round)
			e.VPADDD(s.half, y, out[i])
			e.VPANDD(s.high, out[i], out[i])
			e.VSUBPS(round, x, x)
			e.VSUBPS(out[i], y, y)
		}
		e.VPSRLD(operand.U8(16), round, low)
		e.VPORD(low, out[i], out[i])
	}
	return out
}

// rounded adds half of a part's last bit, but not to NaN, which might become a number.
func (s splitter) rounded(x reg.VecVirtual) reg.VecVirtual {
	e := s.e
	ordered, out := e.K(), e.ZMM()
	e.VCMPPS(operand.U8(7), x, x, ordered)
	e.VMOVDQA32(x, out)
	e.VPADDD(s.half, x, ordered, out)
	return out
}

// pairRows splits 32 rows of 32 values, and joins each of the first 16 with the one 16 further on: two tiles of each part, from dst on.
func (e *emitter) pairRows(p packing, s splitter, dst reg.GPVirtual) {
	upper, lower, to := e.copyOf(p.src), e.copyOf(p.ld), e.copyOf(dst)
	e.SHLQ(operand.U8(4), lower)
	e.ADDQ(p.src, lower)
	e.times(16, func() {
		for half := range 2 {
			for part, x := range s.split(operand.Mem{Base: upper, Disp: 64 * half}, operand.Mem{Base: lower, Disp: 64 * half}) {
				e.VMOVDQU32(x, operand.Mem{Base: to, Disp: 2048*part + 1024*half})
			}
			e.PREFETCHT0(operand.Mem{Base: upper, Disp: 128 + 64*half})
			e.PREFETCHT0(operand.Mem{Base: lower, Disp: 128 + 64*half})
		}
		e.ADDQ(p.ld, upper)
		e.ADDQ(p.ld, lower)
		e.ADDQ(operand.U32(64), to)
	})
}
