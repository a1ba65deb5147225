package main

import (
	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/ir"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Products of bf16 on AMX tiles. A tile holds 16 rows of 64 bytes: of a left operand 16 rows of 32 terms, of a right operand 16 pairs of
// terms for 16 columns, of a result 16 by 16 sums in float32. A block of a result is 32 by 32: four tiles of sums, fed by two tiles of
// each operand a step of 32 terms, so that every loaded tile is used twice.
var tileKernels = []kernel{
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
	{name: "packTileRows", params: "dst, src *byte, ld, steps int", only: []isa{avx512},
		doc: "packs 32 columns of B [K,N], rows ld bytes apart: terms interleaved in pairs.",
		emit: func(e *emitter) {
			p := e.packArguments()
			words := e.pairWords()
			e.packLoop(p, 1, 32, func() {
				row := e.GP64()
				e.MOVQ(p.src, row)
				for r := range 16 {
					e.interleave(words, row, p.ld, operand.Mem{Base: p.dst, Disp: 64 * r}, operand.Mem{Base: p.dst, Disp: 1024 + 64*r})
				}
			})
		}},
	{name: "packTileColumns", params: "dst, src *byte, ld, steps int", only: []isa{avx512},
		doc: "packs 32 columns of B, given as 32 rows of its transpose, ld bytes apart.",
		emit: func(e *emitter) {
			p := e.packArguments()
			e.packLoop(p, 1, 0, func() {
				row := e.GP64()
				e.MOVQ(p.src, row)
				e.transposeWords(p.dst, 0, row, p.ld)
				e.transposeWords(p.dst, 1024, row, p.ld)
			})
		}},
	{name: "packTileLeft", params: "dst, src *byte, ld, steps int", only: []isa{avx512},
		doc: "packs 32 rows of a left operand, given as 32 columns of its transpose, rows ld bytes apart.",
		emit: func(e *emitter) {
			p := e.packArguments()
			words := e.pairWords()
			room := e.AllocLocal(2048)
			e.packLoop(p, 1, 32, func() {
				row, stride := e.GP64(), e.GP64()
				e.MOVQ(p.src, row)
				for r := range 16 {
					e.interleave(words, row, p.ld, room.Offset(64*r), room.Offset(1024+64*r))
				}
				e.LEAQ(room, row)
				e.MOVQ(operand.U32(64), stride)
				e.transposeWords(p.dst, 0, row, stride)
				e.transposeWords(p.dst, 1024, row, stride)
			})
		}},
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

// prefetchWrite encodes PREFETCHW of a place behind cRow (RDI).
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

// tileConfig is the configuration of eight tiles of 16 rows of 64 bytes.
func (e *emitter) tileConfig() operand.Mem {
	const name = "tileConfig"
	if !e.constants[name] {
		e.constants[name] = true
		e.StaticGlobal(name)
		e.DataAttributes(attr.RODATA | attr.NOPTR)
		e.AddDatum(0, operand.U64(1)) // palette 1
		e.AddDatum(8, operand.U64(0))
		for at := 16; at < 32; at += 8 {
			e.AddDatum(at, operand.U64(0x0040004000400040)) // 64 bytes a row
		}
		e.AddDatum(32, operand.U64(0))
		e.AddDatum(40, operand.U64(0))
		e.AddDatum(48, operand.U64(0x1010101010101010)) // 16 rows
		e.AddDatum(56, operand.U64(0))
	}
	return operand.NewDataAddr(operand.NewStaticSymbol(name), 0)
}

// raw emits the bytes of an instruction that Go's assembler does not know.
func (e *emitter) raw(code ...byte) {
	for _, b := range code {
		e.Instruction(&ir.Instruction{Opcode: "BYTE", Operands: []operand.Op{operand.U8(b)}})
	}
}

// The VEX prefixes (pp) that tell TILELOADD from TILESTORED.
const (
	tileLoad  = 0x7b // F2
	tileStore = 0x7a // F3
)

// tile encodes TILELOADD or TILESTORED of tile t at disp(base)(stride*1).
func (e *emitter) tile(prefix byte, t int, base, stride reg.GPPhysical, disp int) {
	b, x := byte(base.PhysicalIndex()), byte(stride.PhysicalIndex())
	// The two high register bits stand inverted beside the opcode map 0F38.
	e.raw(0xc4, 0xe2^x>>3<<6^b>>3<<5, prefix, 0x4b, 0x84|byte(t)<<3, x&7<<3|b&7,
		byte(disp), byte(disp>>8), byte(disp>>16), byte(disp>>24))
}

// product encodes TDPBF16PS: sums += a·b.
func (e *emitter) product(sums, a, b int) {
	e.raw(0xc4, 0xe2, 0x02|byte(^b&15)<<3, 0x5c, 0xc0|byte(sums)<<3|byte(a))
}

type packing struct{ dst, src, ld, steps reg.GPVirtual }

func (e *emitter) packArguments() packing {
	return packing{e.word("dst"), e.word("src"), e.word("ld"), e.word("steps")}
}

// word loads a parameter that is a pointer or an int.
func (e *emitter) word(name string) reg.GPVirtual {
	return e.Load(e.Param(name), e.GP64()).(reg.GPVirtual)
}

// packLoop does one step of 32 terms after the other: parts times 2048 bytes of the destination, and rows rows of the source, or, if that is 0,
// 32 terms of each row.
func (e *emitter) packLoop(p packing, parts, rows int, body func()) {
	top := e.label("step")
	e.Label(top)
	body()
	e.ADDQ(operand.U32(uint32(2048*parts)), p.dst)
	if rows == 0 {
		bytes := uint32(64)
		if parts > 1 {
			bytes = 128
		}
		e.ADDQ(operand.U32(bytes), p.src)
	} else {
		jump := e.GP64()
		e.MOVQ(p.ld, jump)
		e.SHLQ(operand.U8(5), jump)
		e.ADDQ(jump, p.src)
	}
	e.DECQ(p.steps)
	e.JNE(operand.LabelRef(top))
}

// pairWords are the two orders of VPERMT2W that interleave the lower and the upper halves of two registers.
func (e *emitter) pairWords() [2]reg.VecVirtual {
	var out [2]reg.VecVirtual
	for half, name := range []string{"lowerPairs", "upperPairs"} {
		if !e.constants[name] {
			e.constants[name] = true
			e.StaticGlobal(name)
			e.DataAttributes(attr.RODATA | attr.NOPTR)
			for i := range 16 {
				w := uint32(16*half + i)
				e.AddDatum(4*i, operand.U32(w|(w+32)<<16))
			}
		}
		out[half] = e.ZMM()
		e.VMOVDQU32(operand.NewDataAddr(operand.NewStaticSymbol(name), 0), out[half])
	}
	return out
}

// interleave joins 32 words of the row at row with those of the next row, and moves row two rows on.
func (e *emitter) interleave(words [2]reg.VecVirtual, row, ld reg.GPVirtual, lower, upper operand.Mem) {
	first, second, low := e.ZMM(), e.ZMM(), e.ZMM()
	e.VMOVDQU32(operand.Mem{Base: row}, first)
	e.VMOVDQU32(operand.Mem{Base: row, Index: ld, Scale: 1}, second)
	e.VMOVDQA32(first, low)
	e.VPERMT2W(second, words[0], low)
	e.VPERMT2W(second, words[1], first)
	e.PREFETCHT0(operand.Mem{Base: row, Disp: 64})
	e.PREFETCHT0(operand.Mem{Base: row, Index: ld, Scale: 1, Disp: 64})
	e.VMOVDQU32(low, lower)
	e.VMOVDQU32(first, upper)
	e.LEAQ(operand.Mem{Base: row, Index: ld, Scale: 2}, row)
}

// transposeWords writes the transpose of 16 rows of 16 pairs of words to dst+disp, and moves row 16 rows on.
func (e *emitter) transposeWords(dst reg.GPVirtual, disp int, row, ld reg.GPVirtual) {
	e.transposeRows(row, ld, func(i int, r reg.VecVirtual) { e.VMOVDQU32(r, operand.Mem{Base: dst, Disp: disp + 64*i}) })
}

// transposeRows hands out the rows of the transpose of 16 rows of 16 pairs of words in their order, and moves row 16 rows on.
func (e *emitter) transposeRows(row, ld reg.GPVirtual, store func(i int, r reg.VecVirtual)) {
	ld3 := e.GP64()
	e.LEAQ(operand.Mem{Base: ld, Index: ld, Scale: 2}, ld3)
	var fours [4]reg.GPVirtual // rows 0, 4, 8, 12
	for i := range fours {
		fours[i] = e.GP64()
		e.MOVQ(row, fours[i])
		e.LEAQ(operand.Mem{Base: row, Index: ld, Scale: 4}, row)
	}
	at := func(i, q int) operand.Mem {
		m := operand.Mem{Base: fours[i/4], Disp: 16 * q}
		switch i % 4 {
		case 1, 2:
			m.Index, m.Scale = ld, uint8(i%4)
		case 3:
			m.Index, m.Scale = ld3, 1
		}
		return m
	}
	for q := range 4 { // 4 columns: r[i] holds them of the rows i, i+4, i+8 and i+12
		var r, t [4]reg.VecVirtual
		for i := range r {
			r[i] = e.ZMM()
			e.VBROADCASTI32X4(at(i, q), r[i])
			for part := 1; part < 4; part++ {
				e.VINSERTI32X4(operand.U8(part), at(i+4*part, q), r[i], r[i])
			}
		}
		for i := range t {
			t[i] = e.ZMM()
		}
		e.VPUNPCKLDQ(r[1], r[0], t[0])
		e.VPUNPCKHDQ(r[1], r[0], t[1])
		e.VPUNPCKLDQ(r[3], r[2], t[2])
		e.VPUNPCKHDQ(r[3], r[2], t[3])
		for j := range 4 {
			if j%2 == 0 {
				e.VPUNPCKLQDQ(t[2+j/2], t[j/2], r[j])
			} else {
				e.VPUNPCKHQDQ(t[2+j/2], t[j/2], r[j])
			}
			store(4*q+j, r[j])
		}
	}
}
