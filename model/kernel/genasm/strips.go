package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Products of bf16 on AMX tiles. A tile holds 16 rows of 64 bytes: of a left operand 16 rows of 32 terms, of a right operand 16 pairs of
// terms for 16 columns, of a result 16 by 16 sums in float32. A block of a result is 32 by 32: four tiles of sums, fed by two tiles of
// each operand a step of 32 terms, so that every loaded tile is used twice.
var stripKernels = []kernel{
	{name: "strip", params: stripParams, only: []isa{amx},
		doc:  "multiplies 32 rows of A with one panel of B after the other; strides are in bytes. Blocks of C lie side by side.",
		emit: func(e *emitter) { e.amxStrip(strip{halves: 2}) }},
	{name: "stripFrom", params: stripParams, only: []isa{amx},
		doc:  "is strip with sums that start from the values of from, which may be C.",
		emit: func(e *emitter) { e.amxStrip(strip{halves: 2, from: true}) }},
	{name: "stripRound", params: stripParams, only: []isa{amx},
		doc:  "is strip with C in bf16.",
		emit: func(e *emitter) { e.amxStrip(strip{halves: 2, round: true}) }},
	{name: "halfStrip", params: stripParams, only: []isa{amx},
		doc:  "is strip for 16 rows.",
		emit: func(e *emitter) { e.amxStrip(strip{halves: 1}) }},
	{name: "halfStripFrom", params: stripParams, only: []isa{amx},
		doc:  "is stripFrom for 16 rows.",
		emit: func(e *emitter) { e.amxStrip(strip{halves: 1, from: true}) }},
	{name: "halfStripRound", params: stripParams, only: []isa{amx},
		doc:  "is stripRound for 16 rows.",
		emit: func(e *emitter) { e.amxStrip(strip{halves: 1, round: true}) }},
}

// stripParams: scratch holds two blocks of sums; between two steps of A lie stepA bytes, between its halves halfA; skipB bytes of a panel
// of B are left out behind its steps.
const stripParams = "c, from, a, b, scratch *byte, ldc, ldfrom, lda, stepA, halfA, skipB, steps, blocks int"

// Tiles of a block: sums 0–3, A 4 and 5, B 6 and 7.
const (
	tileA = 4
	tileB = 6
)

// strip is a variant of the product: its height in tiles, where its sums start, and what it writes.
type strip struct {
	halves      int
	from, round bool
	split       [][2]int // operands in f32, split: which part of A meets which part of B in a step
}

// parts is the number of parts that an operand has been split into.
func (v strip) parts() int {
	n := 1
	for _, p := range v.split {
		n = max(n, p[0]+1)
	}
	return n
}

// Registers of a strip. They are fixed, because the tile instructions are encoded by hand.
const (
	blockSums  = 2048 // bytes of 16 rows of a block of sums
	rowsAtOnce = 4    // rows of the block before that a step writes
)

var (
	stripA, stripB, stripLDA, stripStepA, stripHalfA = reg.RAX, reg.R14, reg.R9, reg.R10, reg.R11
	stripLeft, stripOther, stripSide                 = reg.RCX, reg.R15, reg.RBX
	sumsRow, cRow, stripLDC                          = reg.RSI, reg.RDI, reg.R8 // of the block before
	fromBlock, fromRow, stripLDFrom                  = reg.RDX, reg.R13, reg.R12
)

// amxStrip computes blocks of 16·halves rows. The sums of a block go to scratch, and are written to C while the next block multiplies:
// so stores wait beside products, not between them. The lines that will be written next are asked for at the same time.
func (e *emitter) amxStrip(v strip) {
	width := 128 // bytes of a row of a block of C
	if v.round {
		width = 64
	}
	for _, p := range []struct {
		name string
		r    reg.Register
	}{{"b", stripB}, {"ldc", stripLDC}, {"lda", stripLDA}, {"stepA", stripStepA}, {"halfA", stripHalfA}} {
		e.Load(e.Param(p.name), p.r)
	}
	if v.from {
		e.Load(e.Param("from"), fromBlock)
		e.Load(e.Param("ldfrom"), stripLDFrom)
	}
	blocks, cBlock, sums, both, end := e.AllocLocal(8), e.AllocLocal(8), e.AllocLocal(8), e.AllocLocal(8), e.AllocLocal(8)
	e.Load(e.Param("blocks"), stripA)
	e.MOVQ(stripA, blocks)
	e.Load(e.Param("c"), stripA)
	e.SUBQ(operand.U32(uint32(width)), stripA)
	e.MOVQ(stripA, cBlock)
	e.Load(e.Param("scratch"), stripA)
	e.MOVQ(stripA, sums)
	e.LEAQ(operand.Mem{Base: stripA, Index: stripA, Scale: 1, Disp: 2 * blockSums}, stripA)
	e.MOVQ(stripA, both)
	e.XORQ(sumsRow, sumsRow) // no block before the first
	e.MOVQ(sumsRow, end)
	e.LEAQ(e.tileConfig(), stripA)
	e.raw(0xc4, 0xe2, 0x78, 0x49, 0x00) // LDTILECFG (RAX)
	e.MOVQ(operand.U32(64), stripSide)

	block := e.label("block")
	e.Label(block)
	if v.from && v.split == nil {
		e.MOVQ(fromBlock, stripOther)
		e.halves(v.halves, stripOther, stripLDFrom, func(h int) {
			e.tile(tileLoad, 2*h, stripOther, stripLDFrom, 0)
			e.tile(tileLoad, 2*h+1, stripOther, stripLDFrom, 64)
		})
		e.ADDQ(operand.U32(128), fromBlock)
		e.MOVQ(fromBlock, fromRow)
	} else {
		for t := range 2 * v.halves {
			e.raw(0xc4, 0xe2, 0x7b, 0x49, 0xc0|byte(t)<<3) // TILEZERO
		}
	}
	e.Load(e.Param("a"), stripA)
	e.Load(e.Param("steps"), stripLeft)
	step := e.label("step")
	e.Label(step)
	writing := func() {
		written := e.label("written")
		e.CMPQ(sumsRow, end)
		e.JEQ(operand.LabelRef(written))
		e.writeRows(v)
		e.Label(written)
	}
	if v.split == nil {
		e.tile(tileLoad, tileA, stripA, stripLDA, 0)
		e.tile(tileLoad, tileB, stripB, stripSide, 0)
		e.product(0, tileA, tileB)
		e.askLines(stripB, panelAhead, 0, 16)
		e.LEAQ(operand.Mem{Base: stripA, Index: stripStepA, Scale: 1}, stripOther)
		e.askRows(stripOther, stripLDA)
		e.tile(tileLoad, tileB+1, stripB, stripSide, 1024)
		e.product(1, tileA, tileB+1)
		e.askLines(stripB, panelAhead, 16, 32)
		if v.halves == 2 {
			e.LEAQ(operand.Mem{Base: stripA, Index: stripHalfA, Scale: 1}, stripOther)
			e.tile(tileLoad, tileA+1, stripOther, stripLDA, 0)
			e.product(2, tileA+1, tileB)
			e.ADDQ(stripStepA, stripOther)
			e.askRows(stripOther, stripLDA)
			e.product(3, tileA+1, tileB+1)
		}
		writing()
	} else {
		e.splitStep(v, writing)
	}
	e.ADDQ(stripStepA, stripA)
	e.ADDQ(operand.U32(uint32(2048*v.parts())), stripB)
	e.DECQ(stripLeft)
	e.JNE(operand.LabelRef(step))
	e.Load(e.Param("skipB"), stripOther)
	e.ADDQ(stripOther, stripB)
	e.writeRest(v, end)

	e.MOVQ(sums, sumsRow)
	e.MOVQ(operand.U32(128), stripOther)
	for h := range v.halves {
		e.tile(tileStore, 2*h, sumsRow, stripOther, blockSums*h)
		e.tile(tileStore, 2*h+1, sumsRow, stripOther, blockSums*h+64)
	}
	e.LEAQ(operand.Mem{Base: sumsRow, Disp: blockSums * v.halves}, stripOther)
	e.MOVQ(stripOther, end)
	e.MOVQ(both, stripOther) // the other half of the scratch is next
	e.SUBQ(sumsRow, stripOther)
	e.MOVQ(stripOther, sums)
	e.MOVQ(cBlock, cRow)
	e.ADDQ(operand.U32(uint32(width)), cRow)
	e.MOVQ(cRow, cBlock)
	if v.from && v.split != nil { // from is added when the block is written
		e.MOVQ(fromBlock, fromRow)
		e.ADDQ(operand.U32(128), fromBlock)
	}
	e.DECQ(blocks)
	e.JNE(operand.LabelRef(block))
	e.writeRest(v, end)
	e.raw(0xc4, 0xe2, 0x78, 0x49, 0xc0) // TILERELEASE
}

// panelAhead is how far in front of the step that multiplies its panel is asked for, in bytes: two steps. Of A the next step is. The tiles wait for
// the second cache otherwise, which shows where another thread of the same core uses the first.
const panelAhead = 4096

// askLines asks for the lines [from,to) of the memory disp bytes behind base.
func (e *emitter) askLines(base reg.Register, disp, from, to int) {
	for line := from; line < to; line++ {
		e.PREFETCHT0(operand.Mem{Base: base, Disp: disp + 64*line})
	}
}

// askRows asks for a line of each of 16 rows, ld bytes apart; at is used up.
func (e *emitter) askRows(at, ld reg.Register) {
	for range 16 {
		e.PREFETCHT0(operand.Mem{Base: at})
		e.ADDQ(ld, at)
	}
}

// halves runs f for each half of a block, with base 16 rows further for the second.
func (e *emitter) halves(n int, base, ld reg.GPPhysical, f func(h int)) {
	for h := range n {
		f(h)
		if h+1 < n {
			e.LEAQ(operand.Mem{Base: base, Index: ld, Scale: 8}, base)
			e.LEAQ(operand.Mem{Base: base, Index: ld, Scale: 8}, base)
		}
	}
}

// writeRows writes some rows of the block before to C.
func (e *emitter) writeRows(v strip) {
	for range rowsAtOnce {
		e.VMOVUPS(operand.Mem{Base: sumsRow}, reg.Z0)
		e.VMOVUPS(operand.Mem{Base: sumsRow, Disp: 64}, reg.Z1)
		if v.from && v.split != nil {
			e.VADDPS(operand.Mem{Base: fromRow}, reg.Z0, reg.Z0)
			e.VADDPS(operand.Mem{Base: fromRow, Disp: 64}, reg.Z1, reg.Z1)
			e.PREFETCHT0(operand.Mem{Base: fromRow, Disp: 128})
			e.PREFETCHT0(operand.Mem{Base: fromRow, Disp: 192})
			e.ADDQ(stripLDFrom, fromRow)
		}
		if v.round {
			e.raw(0x62, 0xf2, 0x77, 0x48, 0x72, 0xd0) // VCVTNE2PS2BF16 Z0, Z1, Z2
			e.VMOVDQU64(reg.Z2, operand.Mem{Base: cRow})
			e.prefetchWrite(64)
		} else {
			e.VMOVUPS(reg.Z0, operand.Mem{Base: cRow})
			e.VMOVUPS(reg.Z1, operand.Mem{Base: cRow, Disp: 64})
			e.prefetchWrite(128)
			e.prefetchWrite(192)
		}
		if v.from && v.split == nil {
			e.PREFETCHT0(operand.Mem{Base: fromRow})
			e.PREFETCHT0(operand.Mem{Base: fromRow, Disp: 64})
			e.ADDQ(stripLDFrom, fromRow)
		}
		e.ADDQ(operand.U32(128), sumsRow)
		e.ADDQ(stripLDC, cRow)
	}
}

// prefetchWrite encodes PREFETCHW of disp bytes behind cRow (RDI).
func (e *emitter) prefetchWrite(disp int) {
	e.raw(0x0f, 0x0d, 0x8f, byte(disp), byte(disp>>8), byte(disp>>16), byte(disp>>24))
}

// writeRest writes what is left of the block before.
func (e *emitter) writeRest(v strip, end operand.Mem) {
	rest, done := e.label("rest"), e.label("done")
	e.Label(rest)
	e.CMPQ(sumsRow, end)
	e.JEQ(operand.LabelRef(done))
	e.writeRows(v)
	e.JMP(operand.LabelRef(rest))
	e.Label(done)
}
