package main

import (
	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Packing for AMX tiles. It needs vectors only, so its kernels stand in AVX-512's package and are tested on machines without tiles.
var packKernels = []kernel{
	{name: "packTileRows", params: packParams, only: []isa{avx512},
		doc: "packs 32 columns of B [K,N], rows ld bytes apart: terms interleaved in pairs.",
		emit: func(e *emitter) {
			p, words := e.packArguments(), e.pairWords()
			e.packLoop(p, 1, 32, func() { e.interleaveRows(words, p, p.dst, below) })
		}},
	{name: "packTileColumns", params: packParams, only: []isa{avx512},
		doc: "packs 32 columns of B, given as 32 rows of its transpose, ld bytes apart.",
		emit: func(e *emitter) {
			p := e.packArguments()
			e.packLoop(p, 1, 0, func() { e.transposeTiles(p.dst, p.src, p.ld, 2, below) })
		}},
	{name: "packTileLeft", params: packParams, only: []isa{avx512},
		doc: "packs 32 rows of a left operand, given as 32 columns of its transpose, rows ld bytes apart.",
		emit: func(e *emitter) {
			p, words, room := e.packArguments(), e.pairWords(), e.AllocLocal(2048)
			e.packLoop(p, 1, 32, func() {
				e.interleaveRows(words, p, e.address(room), below)
				e.transposeTiles(p.dst, e.address(room), e.number(64), 2, below)
			})
		}},
}

const packParams = "dst, src *byte, ld, steps int"

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

// address is where a local variable lies.
func (e *emitter) address(local operand.Mem) reg.GPVirtual {
	r := e.GP64()
	e.LEAQ(local, r)
	return r
}

func (e *emitter) number(n uint32) reg.GPVirtual {
	r := e.GP64()
	e.MOVQ(operand.U32(n), r)
	return r
}

func (e *emitter) copyOf(r reg.GPVirtual) reg.GPVirtual {
	c := e.GP64()
	e.MOVQ(r, c)
	return c
}

// times runs body n times.
func (e *emitter) times(n uint32, body func()) {
	left, top := e.number(n), e.label("times")
	e.Label(top)
	body()
	e.DECQ(left)
	e.JNE(operand.LabelRef(top))
}

// placing is how tiles of 16 pairs of terms by 16 columns lie: bytes from one pair to the next, and from one tile to that of the next columns.
type placing struct{ pair, tile int }

var (
	below  = placing{64, 1024}      // a tile after the other
	beside = placing{pairPanel, 64} // rows of 32 columns
)

// interleaveRows joins 32 words of each of 32 rows, in pairs of rows: 16 words of each pair go to the first tile at dst and 16 to the second.
func (e *emitter) interleaveRows(words [2]reg.VecVirtual, p packing, dst reg.GPVirtual, lie placing) {
	row, to := e.copyOf(p.src), e.copyOf(dst)
	e.times(4, func() {
		for pair := range 4 {
			first, second, low := e.ZMM(), e.ZMM(), e.ZMM()
			e.VMOVDQU32(operand.Mem{Base: row}, first)
			e.VMOVDQU32(operand.Mem{Base: row, Index: p.ld, Scale: 1}, second)
			e.VMOVDQA32(first, low)
			e.VPERMT2W(second, words[0], low)
			e.VPERMT2W(second, words[1], first)
			e.PREFETCHT0(operand.Mem{Base: row, Disp: 64})
			e.PREFETCHT0(operand.Mem{Base: row, Index: p.ld, Scale: 1, Disp: 64})
			e.VMOVDQU32(low, operand.Mem{Base: to, Disp: lie.pair * pair})
			e.VMOVDQU32(first, operand.Mem{Base: to, Disp: lie.tile + lie.pair*pair})
			e.LEAQ(operand.Mem{Base: row, Index: p.ld, Scale: 2}, row)
		}
		e.ADDQ(operand.U32(uint32(4*lie.pair)), to)
	})
}

// interleaveHalves is interleaveRows beside each other, half a row at a time.
func (e *emitter) interleaveHalves(p packing) {
	row, to := e.copyOf(p.src), e.copyOf(p.dst)
	e.times(16, func() {
		for half := range 2 {
			first, low, high, out := e.own(operand.Mem{Base: row, Disp: 32 * half}), e.vec(), e.vec(), e.vec()
			second := e.own(operand.Mem{Base: row, Index: p.ld, Scale: 1, Disp: 32 * half})
			e.VPUNPCKLWD(second, first, low) // columns 0–3 and 8–11
			e.VPUNPCKHWD(second, first, high)
			for part, lanes := range [2]operand.U8{0x20, 0x31} {
				e.VPERM2I128(lanes, high, low, out)
				e.VMOVUPS(out, operand.Mem{Base: to, Disp: 64*half + 32*part})
			}
		}
		e.PREFETCHT0(operand.Mem{Base: row, Disp: 64})
		e.PREFETCHT0(operand.Mem{Base: row, Index: p.ld, Scale: 1, Disp: 64})
		e.LEAQ(operand.Mem{Base: row, Index: p.ld, Scale: 2}, row)
		e.ADDQ(operand.U32(uint32(pairPanel)), to)
	})
}

// transposeTiles writes the transposes of tiles of 16 rows of 16 pairs of words, which lie below each other, rows ld bytes apart.
func (e *emitter) transposeTiles(dst, src, ld reg.GPVirtual, tiles uint32, lie placing) {
	row, to := e.copyOf(src), e.copyOf(dst)
	e.times(tiles, func() {
		t := e.sixteenRows(row, ld)
		e.times(4, func() {
			t.columns(0, func(i int, r reg.VecVirtual) { e.VMOVDQU32(r, operand.Mem{Base: to, Disp: lie.pair * i}) })
			for _, four := range t.fours {
				e.ADDQ(operand.U32(16), four)
			}
			e.ADDQ(operand.U32(uint32(4*lie.pair)), to)
		})
		if jump := lie.tile - 16*lie.pair; jump != 0 {
			e.ADDQ(operand.I32(jump), to)
		}
	})
}

// sixteen are 16 rows, ld bytes apart.
type sixteen struct {
	e       *emitter
	fours   [4]reg.GPVirtual // rows 0, 4, 8, 12
	ld, ld3 reg.GPVirtual
}

// sixteenRows moves row behind them.
func (e *emitter) sixteenRows(row, ld reg.GPVirtual) sixteen {
	t := sixteen{e: e, ld: ld, ld3: e.GP64()}
	e.LEAQ(operand.Mem{Base: ld, Index: ld, Scale: 2}, t.ld3)
	for i := range t.fours {
		t.fours[i] = e.copyOf(row)
		e.LEAQ(operand.Mem{Base: row, Index: ld, Scale: 4}, row)
	}
	return t
}

func (t sixteen) at(i, disp int) operand.Mem {
	m := operand.Mem{Base: t.fours[i/4], Disp: disp}
	switch i % 4 {
	case 1, 2:
		m.Index, m.Scale = t.ld, uint8(i%4)
	case 3:
		m.Index, m.Scale = t.ld3, 1
	}
	return m
}

// columns hands out four columns of 4 bytes, disp bytes from the rows' start, as rows of the transpose.
func (t sixteen) columns(disp int, store func(i int, r reg.VecVirtual)) {
	e := t.e
	var r, u [4]reg.VecVirtual // r[i] holds the rows i, i+4, i+8 and i+12
	for i := range r {
		r[i] = e.ZMM()
		e.VBROADCASTI32X4(t.at(i, disp), r[i])
		for part := 1; part < 4; part++ {
			e.VINSERTI32X4(operand.U8(part), t.at(i+4*part, disp), r[i], r[i])
		}
	}
	for i := range u {
		u[i] = e.ZMM()
	}
	e.VPUNPCKLDQ(r[1], r[0], u[0])
	e.VPUNPCKHDQ(r[1], r[0], u[1])
	e.VPUNPCKLDQ(r[3], r[2], u[2])
	e.VPUNPCKHDQ(r[3], r[2], u[3])
	for j := range 4 {
		if j%2 == 0 {
			e.VPUNPCKLQDQ(u[2+j/2], u[j/2], r[j])
		} else {
			e.VPUNPCKHQDQ(u[2+j/2], u[j/2], r[j])
		}
		store(j, r[j])
	}
}
