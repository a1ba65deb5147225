package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/ir"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Products of bytes. A right operand is signed and lies in panels of 64 columns: four terms of a column stand together, and a quad of terms
// takes 256 bytes. The left operand is unsigned: a row is two rows of bytes, the upper ones of its values and the lower ones. Sums are exact, so
// every way to compute them gives the same bits.
var int8Kernels = func() []kernel {
	ks := []kernel{
		{name: "quantise", params: "upper, lower []byte, x []float32, inverse float32", only: []isa{avx512},
			doc: "rounds x·inverse to the nearest whole number, ties to even, adds 0x8080 and parts the bytes; NaN counts as 0.", emit: emitQuantise},
	}
	for _, add := range []bool{false, true} {
		name, doc := "int8Tiles", "y = …"
		if add {
			name, doc = "int8TilesAdd", "y += …"
		}
		ks = append(ks, kernel{name: name, only: []isa{amx},
			params: "y *float32, x, w *byte, start *int32, scale, rowScale *float32, ldx, ldy, steps, rows, cols int",
			doc:    "computes " + doc + " as int8Rows does, for up to 32 columns of a panel on AMX tiles, and any number of rows; of x, rows of bytes up to a multiple of 16 are read.",
			emit:   func(e *emitter) { e.int8Tiles(add) }})
	}
	for _, rows := range []int{2, 1} {
		ks = append(ks, kernel{name: fmt.Sprintf("int8Rows%d", rows), only: []isa{avx512},
			params: "y *float32, x, w *byte, start *int32, scale, rowScale *float32, ldx, ldy, quads, cols int, add bool",
			doc:    fmt.Sprintf("computes %d rows of a panel. %s", rows, int8Doc),
			emit:   func(e *emitter) { e.int8Rows(rows) }})
		ks = append(ks, kernel{name: fmt.Sprintf("int8Rows%d", rows), only: []isa{avx2},
			params: "y *float32, x, w *byte, start *int32, scale, rowScale *float32, ldx, ldy, quads, cols int, add bool",
			doc:    fmt.Sprintf("computes %d rows of %d columns of a panel, from w on. %s", rows, 32/rows, int8Doc),
			emit:   func(e *emitter) { e.narrowInt8Rows(rows) }})
	}
	return append(ks, int8WordKernels...)
}()

// int8Doc is what the kernels for a few rows compute.
const int8Doc = "y = (256·(start + upper·w) + (start + lower·w))·scale·rowScale, added to y with add; start and scale are a column's, strides are in bytes."

const panelColumns = 64

func emitQuantise(e *emitter) {
	upper, lower, x, n := e.slice("upper"), e.slice("lower"), e.slice("x"), e.length("x")
	inverse, middle := e.scalar("inverse"), e.bits(0x8080)
	e.loop(n, 4, func(i reg.GPVirtual, j int) {
		t, ordered := e.load(x, i, j), e.K()
		e.VMULPS(inverse, t, t)
		e.VCMPPS(operand.U8(7), t, t, ordered)
		e.VMOVAPS_Z(t, ordered, t)
		e.VCVTPS2DQ(t, t)
		e.VPADDD(middle, t, t)
		e.storeBytes(t, lower, i, j)
		e.VPSRLD(operand.U8(8), t, t)
		e.storeBytes(t, upper, i, j)
	})
}

// storeBytes writes the lowest byte of each lane.
func (e *emitter) storeBytes(r reg.VecVirtual, base, i reg.GPVirtual, j int) {
	if m := e.at(base, i, j, 1); e.mask == nil {
		e.VPMOVDB(r, m)
	} else {
		e.VPMOVDB(r, e.mask, m)
	}
}

// dotBytes is VPDPBUSD, which avo does not know: to each lane of sums it adds four products of a signed and an unsigned byte.
func (e *emitter) dotBytes(signed, unsigned operand.Op, sums reg.VecVirtual) {
	e.Instruction(&ir.Instruction{
		Opcode: "VPDPBUSD", Operands: []operand.Op{signed, unsigned, sums},
		Inputs: []operand.Op{signed, unsigned, sums}, Outputs: []operand.Op{sums}, ISA: []string{"AVX512_VNNI"},
	})
}

func (e *emitter) int8Rows(rows int) {
	param := func(name string) reg.GPVirtual { return e.Load(e.Param(name), e.GP64()).(reg.GPVirtual) }
	x, w, start, ldx, quads := param("x"), param("w"), param("start"), param("ldx"), param("quads")
	ldx3 := e.GP64()
	if rows == 2 {
		e.LEAQ(operand.Mem{Base: ldx, Index: ldx, Scale: 2}, ldx3)
	}
	const parts = panelColumns / 16
	sums := make([][parts]reg.VecVirtual, 2*rows)
	for r := range sums {
		for p := range sums[r] {
			sums[r][p] = e.ZMM()
			e.VMOVDQU32(operand.Mem{Base: start, Disp: 64 * p}, sums[r][p])
		}
	}
	top := e.label("quads")
	e.Label(top)
	var right [parts]reg.VecVirtual
	for p := range right {
		right[p] = e.ZMM()
		e.VMOVDQU32(operand.Mem{Base: w, Disp: 64 * p}, right[p])
	}
	for r := range sums {
		m := operand.Mem{Base: x}
		switch r {
		case 1, 2:
			m.Index, m.Scale = ldx, uint8(r)
		case 3:
			m.Index, m.Scale = ldx3, 1
		}
		left := e.ZMM()
		e.VPBROADCASTD(m, left)
		for p := range right {
			e.dotBytes(right[p], left, sums[r][p])
		}
	}
	e.ADDQ(operand.I32(4), x)
	e.ADDQ(operand.I32(4*panelColumns), w)
	e.DECQ(quads)
	e.JNE(operand.LabelRef(top))

	y, ldy, scale, rowScale := param("y"), param("ldy"), param("scale"), param("rowScale")
	masks := e.partMasks(param("cols"), parts)
	add := e.Load(e.Param("add"), e.GP8())
	unit := e.reg(e.float(256))
	for r := range rows {
		for p := range parts {
			s, lower := sums[2*r][p], sums[2*r+1][p]
			e.VCVTDQ2PS(s, s)
			e.VCVTDQ2PS(lower, lower)
			e.VFMADD213PS(lower, unit, s)
			e.VMULPS(operand.Mem{Base: scale, Disp: 64 * p}, s, s)
			e.VMULPS_BCST(operand.Mem{Base: rowScale, Disp: 4 * r}, s, s)
		}
	}
	e.storeInt8(y, ldy, add, rows, masks, func(row, part int) reg.VecVirtual { return sums[2*row][part] })
}

// storeInt8 writes the results of rows, or adds them. A mask is that of a part of the columns.
func (e *emitter) storeInt8(y, ldy reg.GPVirtual, add reg.Register, rows int, masks []reg.Register, result func(row, part int) reg.VecVirtual) {
	store, zero := e.label("store"), e.GP64()
	e.XORQ(zero, zero)
	e.TESTB(add, add)
	e.JE(operand.LabelRef(store))
	at := e.GP64()
	e.MOVQ(y, at)
	for r := range rows {
		for p := range masks {
			e.mask = masks[p]
			e.VADDPS(e.load(at, zero, p), result(r, p), result(r, p))
		}
		e.ADDQ(ldy, at)
	}
	e.Label(store)
	for r := range rows {
		for p := range masks {
			e.mask = masks[p]
			e.store(result(r, p), y, zero, p)
		}
		e.ADDQ(ldy, y)
	}
	e.mask = nil
}

// partMasks are the masks of the first n columns in some registers.
func (e *emitter) partMasks(n reg.GPVirtual, parts int) []reg.Register {
	ones := e.GP64()
	e.MOVQ(operand.I32(-1), ones)
	whole := e.label("whole")
	e.CMPQ(n, operand.I32(64)) // BZHI keeps everything from 64 on
	e.JGE(operand.LabelRef(whole))
	e.BZHIQ(n, ones, ones)
	e.Label(whole)
	masks := make([]reg.Register, parts)
	for p := range masks {
		k := e.K()
		e.KMOVW(ones.As32(), k)
		masks[p] = k
		if p+1 < parts {
			e.SHRQ(operand.U8(16), ones)
		}
	}
	return masks
}

// tileRegisters are the registers of int8Tiles. They are fixed, because the tile instructions are encoded by hand.
type tileRegisters struct{ x, w, y, ldx, ldy, quad, at, pb, left, half, second, ready, sums, rowScale reg.GPPhysical }

// int8Tiles computes blocks of 16 rows, which are 32 rows of bytes, the last block perhaps of 8; tiles as in amxBlocks. The sums of a block
// become floats while the next block is added up: two rows a step.
func (e *emitter) int8Tiles(add bool) {
	t := tileRegisters{
		x: reg.RDI, w: reg.RSI, y: reg.RDX, ldx: reg.R8, ldy: reg.R9, quad: reg.R12, at: reg.RAX, pb: reg.RBX, left: reg.RCX,
		half: reg.R15, second: reg.R14, ready: reg.R10, sums: reg.R11, rowScale: reg.R13,
	}
	for _, p := range []struct {
		name string
		r    reg.Register
	}{{"x", t.x}, {"w", t.w}, {"y", t.y}, {"ldx", t.ldx}, {"ldy", t.ldy}, {"rowScale", t.rowScale}} {
		e.Load(e.Param(p.name), p.r)
	}
	low, high := e.K(), e.K()
	e.Load(e.Param("cols"), t.at)
	e.MOVQ(operand.I32(-1), t.half)
	e.BZHIQ(t.at, t.half, t.half)
	e.KMOVW(t.half.As32(), low)
	e.SHRQ(operand.U8(16), t.half)
	e.KMOVW(t.half.As32(), high)
	e.Load(e.Param("scale"), t.at)
	f := floats{masks: [2]reg.Register{low, high}, scales: [2]reg.VecVirtual{e.ZMM(), e.ZMM()}, unit: e.reg(e.float(256)), add: add}
	for h := range f.scales {
		e.VMOVUPS(operand.Mem{Base: t.at, Disp: 64 * h}, f.scales[h])
	}
	rows := e.AllocLocal(8)
	e.Load(e.Param("rows"), t.at)
	e.MOVQ(t.at, rows)
	room := e.AllocLocal(32 * 128)
	e.LEAQ(e.tileConfig(), t.at)
	e.raw(0xc4, 0xe2, 0x78, 0x49, 0x00) // LDTILECFG (RAX)
	e.MOVQ(operand.U32(4*panelColumns), t.quad)
	e.MOVQ(t.ldx, t.half)
	e.SHLQ(operand.U8(4), t.half)
	e.XORQ(t.ready, t.ready)

	block, last, stored, whole := e.label("block"), e.label("half"), e.label("stored"), e.label("whole")
	e.Label(block)
	e.CMPQ(rows, operand.I32(8))
	e.JLE(operand.LabelRef(last))
	e.int8Block(2, t, f, room)
	e.JMP(operand.LabelRef(stored))
	e.Label(last)
	e.int8Block(1, t, f, room)
	e.Label(stored)
	e.LEAQ(room, t.sums)
	e.MOVQ(operand.U32(16), t.ready)
	e.MOVQ(rows, t.at)
	e.CMPQ(t.at, t.ready)
	e.JGE(operand.LabelRef(whole))
	e.MOVQ(t.at, t.ready)
	e.Label(whole)
	e.LEAQ(operand.Mem{Base: t.x, Index: t.half, Scale: 2}, t.x)
	e.SUBQ(t.ready, t.at)
	e.MOVQ(t.at, rows)
	e.JNE(operand.LabelRef(block))
	e.floatRest(t, f)
	e.raw(0xc4, 0xe2, 0x78, 0x49, 0xc0) // TILERELEASE
}

// int8Block adds up the terms of 8·halves rows, makes what is left of the sums before floats, and leaves the new sums in room.
func (e *emitter) int8Block(halves int, t tileRegisters, f floats, room operand.Mem) {
	e.Load(e.Param("start"), t.at)
	e.XORQ(t.left, t.left)
	for h := range halves { // a stride of 0 repeats the start in each row
		e.tile(tileLoad, 2*h, t.at, t.left, 0)
		e.tile(tileLoad, 2*h+1, t.at, t.left, 64)
	}
	e.MOVQ(t.x, t.at)
	e.MOVQ(t.w, t.pb)
	e.Load(e.Param("steps"), t.left)
	step, idle := e.label("step"), e.label("idle")
	e.Label(step)
	e.tile(tileLoad, tileA, t.at, t.ldx, 0)
	e.tile(tileLoad, tileB, t.pb, t.quad, 0)
	e.productBytes(0, tileA, tileB)
	e.askQuads(t.pb, 0)
	e.LEAQ(operand.Mem{Base: t.at, Disp: 64}, t.second)
	e.askRows(t.second, t.ldx)
	e.tile(tileLoad, tileB+1, t.pb, t.quad, 64)
	e.productBytes(1, tileA, tileB+1)
	e.askQuads(t.pb, 64)
	if halves == 2 {
		e.LEAQ(operand.Mem{Base: t.at, Index: t.half, Scale: 1}, t.second)
		e.tile(tileLoad, tileA+1, t.second, t.ldx, 0)
		e.productBytes(2, tileA+1, tileB)
		e.ADDQ(operand.I32(64), t.second)
		e.askRows(t.second, t.ldx)
		e.productBytes(3, tileA+1, tileB+1)
	}
	e.CMPQ(t.ready, operand.I32(2))
	e.JLT(operand.LabelRef(idle))
	e.toFloats(t, f, 2)
	e.Label(idle)
	e.ADDQ(operand.I32(64), t.at)
	e.ADDQ(operand.I32(64*panelColumns), t.pb)
	e.DECQ(t.left)
	e.JNE(operand.LabelRef(step))
	e.floatRest(t, f)
	e.LEAQ(room, t.at)
	e.MOVQ(operand.U32(128), t.left)
	for h := range halves {
		e.tile(tileStore, 2*h, t.at, t.left, 2048*h)
		e.tile(tileStore, 2*h+1, t.at, t.left, 2048*h+64)
	}
}

// askQuads asks for 16 columns of the 16 quads of a panel's next step.
func (e *emitter) askQuads(panel reg.Register, disp int) {
	for quad := range 16 {
		e.PREFETCHT0(operand.Mem{Base: panel, Disp: 64*panelColumns + disp + 4*panelColumns*quad})
	}
}

// floats is how sums become floats.
type floats struct {
	masks  [2]reg.Register // columns that count
	scales [2]reg.VecVirtual
	unit   reg.Register
	add    bool
}

// toFloats converts n rows of sums into floats.
func (e *emitter) toFloats(t tileRegisters, f floats, n int) {
	for r := range n {
		for h := range 2 {
			a, lower, y := e.ZMM(), e.ZMM(), operand.Mem{Base: t.y, Disp: 64 * h}
			e.VCVTDQ2PS(operand.Mem{Base: t.sums, Disp: 256*r + 64*h}, a)
			e.VCVTDQ2PS(operand.Mem{Base: t.sums, Disp: 256*r + 128 + 64*h}, lower)
			e.VFMADD213PS(lower, f.unit, a)
			e.VMULPS(f.scales[h], a, a)
			e.VMULPS_BCST(operand.Mem{Base: t.rowScale, Disp: 4 * r}, a, a)
			if f.add {
				c := e.ZMM()
				e.VMOVUPS_Z(y, f.masks[h], c)
				e.VADDPS(c, a, a)
			}
			e.VMOVUPS(a, f.masks[h], y)
		}
		e.ADDQ(t.ldy, t.y)
	}
	e.ADDQ(operand.I32(256*n), t.sums)
	e.ADDQ(operand.I32(4*n), t.rowScale)
	e.SUBQ(operand.I32(n), t.ready)
}

// floatRest converts all rows of sums that are left.
func (e *emitter) floatRest(t tileRegisters, f floats) {
	row, none := e.label("row"), e.label("none")
	e.Label(row)
	e.TESTQ(t.ready, t.ready)
	e.JE(operand.LabelRef(none))
	e.toFloats(t, f, 1)
	e.JMP(operand.LabelRef(row))
	e.Label(none)
}

// productBytes encodes TDPBUSD: sums += a·b, a unsigned and b signed.
func (e *emitter) productBytes(sums, a, b int) {
	e.raw(0xc4, 0xe2, 0x01|byte(^b&15)<<3, 0x5e, 0xc0|byte(sums)<<3|byte(a))
}
