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
var amxKernels = []kernel{
	{name: "amxBlocks", params: amxParams, only: []isa{avx512},
		doc:   "computes blocks of 32 rows by 32 columns of C; all strides are in bytes; mode: 1 adds to C, 2 rounds C to bf16.",
		other: noAMX, emit: func(e *emitter) { e.amxBlocks(2) }},
	{name: "amxHalfBlocks", params: amxParams, only: []isa{avx512},
		doc:   "is amxBlocks for 16 rows by 32 columns.",
		other: noAMX, emit: func(e *emitter) { e.amxBlocks(1) }},
	{name: "amxPackRows", params: "dst, src *byte, ld, steps int", only: []isa{avx512},
		doc:   "packs 32 columns of B [K,N], rows ld bytes apart: terms interleaved in pairs.",
		other: noAMX, emit: func(e *emitter) {
			p := e.packArguments()
			words := e.pairWords()
			e.packLoop(p, 32, func() {
				row := e.GP64()
				e.MOVQ(p.src, row)
				for r := range 16 {
					e.interleave(words, row, p.ld, operand.Mem{Base: p.dst, Disp: 64 * r}, operand.Mem{Base: p.dst, Disp: 1024 + 64*r})
				}
			})
		}},
	{name: "amxPackColumns", params: "dst, src *byte, ld, steps int", only: []isa{avx512},
		doc:   "packs 32 columns of B, given as 32 rows of its transpose, ld bytes apart.",
		other: noAMX, emit: func(e *emitter) {
			p := e.packArguments()
			e.packLoop(p, 0, func() {
				row := e.GP64()
				e.MOVQ(p.src, row)
				e.transposeWords(p.dst, 0, row, p.ld)
				e.transposeWords(p.dst, 1024, row, p.ld)
			})
		}},
	{name: "amxPackLeft", params: "dst, src *byte, ld, steps int", only: []isa{avx512},
		doc:   "packs 32 rows of a left operand, given as 32 columns of its transpose, rows ld bytes apart.",
		other: noAMX, emit: func(e *emitter) {
			p := e.packArguments()
			words := e.pairWords()
			room := e.AllocLocal(2048)
			e.packLoop(p, 32, func() {
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

// amxParams: between two steps of a block lie stepA, between its halves halfA, and from block to block nextC, nextA and nextB.
const amxParams = "c, a, b *byte, ldc, lda, stepA, halfA, steps, blocks, nextC, nextA, nextB, mode int"

const noAMX = `panic("kernel: no AMX here")`

// Tiles of a block: sums 0–3, A 4 and 5, B 6 and 7.
const (
	tileA = 4
	tileB = 6
)

// amxBlocks computes blocks of 16·halves rows. The registers are fixed, because the tile instructions are encoded by hand.
func (e *emitter) amxBlocks(halves int) {
	c, a, b, ldc, lda, stepA := reg.RDI, reg.RSI, reg.RDX, reg.R8, reg.R9, reg.R10
	halfA, steps, blocks, row, at, left, other, pb := reg.R11, reg.R12, reg.R13, reg.RBX, reg.RAX, reg.RCX, reg.R15, reg.R14
	for _, p := range []struct {
		name string
		r    reg.Register
	}{{"c", c}, {"a", a}, {"b", b}, {"ldc", ldc}, {"lda", lda}, {"stepA", stepA}, {"halfA", halfA}, {"steps", steps}, {"blocks", blocks}} {
		e.Load(e.Param(p.name), p.r)
	}
	mode := e.AllocLocal(8)
	e.Load(e.Param("mode"), at)
	e.MOVQ(at, mode)
	sums := e.AllocLocal(32 * 128)
	e.LEAQ(e.tileConfig(), at)
	e.raw(0xc4, 0xe2, 0x78, 0x49, 0x00) // LDTILECFG (RAX)
	e.MOVQ(operand.U32(64), row)

	block := e.label("block")
	e.Label(block)
	fresh, terms := e.label("fresh"), e.label("terms")
	e.TESTQ(operand.U32(1), mode)
	e.JEQ(operand.LabelRef(fresh))
	e.MOVQ(c, other)
	for h := range halves {
		e.tile(tileLoad, 2*h, other, ldc, 0)
		e.tile(tileLoad, 2*h+1, other, ldc, 64)
		if h+1 < halves {
			e.LEAQ(operand.Mem{Base: other, Index: ldc, Scale: 8}, other)
			e.LEAQ(operand.Mem{Base: other, Index: ldc, Scale: 8}, other)
		}
	}
	e.JMP(operand.LabelRef(terms))
	e.Label(fresh)
	for t := range 2 * halves {
		e.raw(0xc4, 0xe2, 0x7b, 0x49, 0xc0|byte(t)<<3) // TILEZERO
	}
	e.Label(terms)
	e.MOVQ(a, at)
	e.MOVQ(b, pb)
	e.MOVQ(steps, left)
	step := e.label("step")
	e.Label(step)
	e.tile(tileLoad, tileA, at, lda, 0)
	e.tile(tileLoad, tileB, pb, row, 0)
	e.product(0, tileA, tileB)
	e.tile(tileLoad, tileB+1, pb, row, 1024)
	e.product(1, tileA, tileB+1)
	if halves == 2 {
		e.LEAQ(operand.Mem{Base: at, Index: halfA, Scale: 1}, other)
		e.tile(tileLoad, tileA+1, other, lda, 0)
		e.product(2, tileA+1, tileB)
		e.product(3, tileA+1, tileB+1)
	}
	e.ADDQ(stepA, at)
	e.ADDQ(operand.U32(2048), pb)
	e.DECQ(left)
	e.JNE(operand.LabelRef(step))

	wide, next := e.label("wide"), e.label("next")
	e.TESTQ(operand.U32(2), mode)
	e.JEQ(operand.LabelRef(wide))
	e.LEAQ(sums, at)
	e.MOVQ(operand.U32(128), left)
	for h := range halves {
		e.tile(tileStore, 2*h, at, left, 2048*h)
		e.tile(tileStore, 2*h+1, at, left, 2048*h+64)
	}
	e.MOVQ(c, other)
	for i := range 16 * halves {
		e.VMOVUPS(operand.Mem{Base: at, Disp: 128 * i}, reg.Z0)
		e.VMOVUPS(operand.Mem{Base: at, Disp: 128*i + 64}, reg.Z1)
		e.raw(0x62, 0xf2, 0x77, 0x48, 0x72, 0xd0) // VCVTNE2PS2BF16 Z0, Z1, Z2
		e.VMOVDQU64(reg.Z2, operand.Mem{Base: other})
		e.ADDQ(ldc, other)
	}
	e.JMP(operand.LabelRef(next))
	e.Label(wide)
	e.MOVQ(c, other)
	for h := range halves {
		e.tile(tileStore, 2*h, other, ldc, 0)
		e.tile(tileStore, 2*h+1, other, ldc, 64)
		if h+1 < halves {
			e.LEAQ(operand.Mem{Base: other, Index: ldc, Scale: 8}, other)
			e.LEAQ(operand.Mem{Base: other, Index: ldc, Scale: 8}, other)
		}
	}
	e.Label(next)
	for _, p := range []struct {
		name string
		r    reg.Register
	}{{"nextC", c}, {"nextA", a}, {"nextB", b}} {
		e.Load(e.Param(p.name), at)
		e.ADDQ(at, p.r)
	}
	e.DECQ(blocks)
	e.JNE(operand.LabelRef(block))
	e.raw(0xc4, 0xe2, 0x78, 0x49, 0xc0) // TILERELEASE
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
	return packing{
		e.Load(e.Param("dst"), e.GP64()).(reg.GPVirtual), e.Load(e.Param("src"), e.GP64()).(reg.GPVirtual),
		e.Load(e.Param("ld"), e.GP64()).(reg.GPVirtual), e.Load(e.Param("steps"), e.GP64()).(reg.GPVirtual),
	}
}

// packLoop does one step of 32 terms after the other: 2048 bytes of the destination, and rows rows of the source, or 64 bytes of each row.
func (e *emitter) packLoop(p packing, rows int, body func()) {
	top := e.label("step")
	e.Label(top)
	body()
	e.ADDQ(operand.U32(2048), p.dst)
	if rows == 0 {
		e.ADDQ(operand.U32(64), p.src)
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
	e.VMOVDQU32(low, lower)
	e.VMOVDQU32(first, upper)
	e.LEAQ(operand.Mem{Base: row, Index: ld, Scale: 2}, row)
}

// transposeWords writes the transpose of 16 rows of 16 pairs of words to dst+disp, and moves row 16 rows on.
func (e *emitter) transposeWords(dst reg.GPVirtual, disp int, row, ld reg.GPVirtual) {
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
			e.VMOVDQU32(r[j], operand.Mem{Base: dst, Disp: disp + 64*(4*q+j)})
		}
	}
}
