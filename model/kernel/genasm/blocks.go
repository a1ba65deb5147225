package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/ir"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Products with weights in blocks of 32 terms, as files of quantised models have them (model/kernel/blocks.go says how they lie). A left operand's
// block is a record: 32 upper bytes, 32 lower bytes, scale, sum. Sums within a block are exact and the rest is one rounding after the other, none of
// them fused, so the plain reference has the same bits.
var blockKernels = func() []kernel {
	ks := []kernel{{name: "roundBlocks", params: "records *uint32, x []float32", only: []isa{avx512},
		doc: "rounds whole blocks to 16 bits, each to a record.", emit: emitRoundBlocks}}
	for _, bits := range []int{4, 8} {
		for _, rows := range []int{4, 1} {
			ks = append(ks, kernel{name: fmt.Sprintf("blocks%dRows%d", bits, rows), only: []isa{avx512},
				params: "y *float32, x *uint32, w *byte, ldx, ldy, blocks, cols int, add bool",
				doc:    fmt.Sprintf("computes %d rows of a panel of %d-bit weights, added to y with add; strides are in bytes.", rows, bits),
				emit:   func(e *emitter) { e.blockRows(bits, rows) }})
		}
	}
	return ks
}()

const (
	recordBytes = 72 // of a block of a left operand
	recordLower = 32
	recordScale = 64
	recordSum   = 68

	aheadBytes = 2560
)

func emitRoundBlocks(e *emitter) {
	out, x, n := e.Load(e.Param("records"), e.GP64()).(reg.GPVirtual), e.slice("x"), e.length("x")
	sign, most, limit := e.bits(0x7fffffff), e.float(127*256+127), e.bits(0x7f7fffff)
	middle := e.bits(128)
	top, done := e.label("block"), e.label("done")
	e.Label(top)
	e.TESTQ(n, n)
	e.JE(operand.LabelRef(done))
	var v, size [2]reg.VecVirtual
	for h := range v {
		v[h], size[h] = e.ZMM(), e.ZMM()
		e.VMOVUPS(operand.Mem{Base: x, Disp: 64 * h}, v[h])
		e.VPANDD(sign, v[h], size[h])
	}
	// Of numbers without a sign the bits have the order of the values, and those of NaN stand above.
	largest := e.fold(size[:], func(a, b, into operand.Op) { e.VPMAXUD(b, a, into) })
	scale, inverse := e.ZMM(), e.ZMM()
	e.VBROADCASTSS(largest, scale)
	e.VDIVPS(scale, most, inverse)
	e.VMINPS(limit, inverse, inverse)
	e.VDIVPS(most, scale, scale)
	for h := range v {
		ordered := e.K()
		e.VMULPS(inverse, v[h], v[h])
		e.VCMPPS(operand.U8(7), v[h], v[h], ordered)
		e.VMOVAPS_Z(v[h], ordered, v[h])
		e.VCVTPS2DQ(v[h], v[h])
		e.VPMOVDB(v[h], operand.Mem{Base: out, Disp: recordLower + 16*h})
		upper := e.ZMM()
		e.VPADDD(middle, v[h], upper)
		e.VPSRLD(operand.U8(8), upper, upper)
		e.VPMOVDB(upper, operand.Mem{Base: out, Disp: 16 * h})
	}
	sum := e.fold(v[:], func(a, b, into operand.Op) { e.VPADDD(b, a, into) })
	e.VMOVSS(scale.AsX(), operand.Mem{Base: out, Disp: recordScale})
	e.VMOVD(sum, operand.Mem{Base: out, Disp: recordSum})
	e.ADDQ(operand.I32(128), x)
	e.ADDQ(operand.I32(recordBytes), out)
	e.SUBQ(operand.I32(32), n)
	e.JMP(operand.LabelRef(top))
	e.Label(done)
}

// dotBytesAt adds to each lane of sums four products of an unsigned byte and a signed one, of which the four at m serve all lanes.
func (e *emitter) dotBytesAt(m operand.Mem, unsigned, sums reg.VecVirtual) {
	e.Instruction(&ir.Instruction{
		Opcode: "VPDPBUSD", Suffixes: []string{"BCST"}, Operands: []operand.Op{m, unsigned, sums},
		Inputs: []operand.Op{m, unsigned, sums}, Outputs: []operand.Op{sums}, ISA: []string{"AVX512_VNNI"},
	})
}

func (e *emitter) blockRows(bits, rows int) {
	param := func(name string) reg.GPVirtual { return e.Load(e.Param(name), e.GP64()).(reg.GPVirtual) }
	x, w, blocks, ldx, ldx3, scales := param("x"), param("w"), param("blocks"), e.GP64(), e.GP64(), e.GP64()
	if rows > 1 {
		e.Load(e.Param("ldx"), ldx)
		e.LEAQ(operand.Mem{Base: ldx, Index: ldx, Scale: 2}, ldx3)
	}
	at := func(row, disp int) operand.Mem {
		m := operand.Mem{Base: x, Disp: disp}
		switch row {
		case 1, 2:
			m.Index, m.Scale = ldx, uint8(row)
		case 3:
			m.Index, m.Scale = ldx3, 1
		}
		return m
	}
	var low operand.Op
	if bits == 4 {
		low = e.bits(0x0f0f0f0f)
	} else { // scales stand behind all blocks
		e.MOVQ(blocks, scales)
		e.SHLQ(operand.U8(9), scales)
		e.ADDQ(w, scales)
	}
	sums := make([]reg.VecVirtual, rows)
	for r := range sums {
		sums[r] = e.zero()
	}
	top := e.label("block")
	e.Label(top)
	var right [8]reg.VecVirtual
	scale, least := e.ZMM(), e.ZMM()
	if rows == 1 { // what comes next is asked for beforehand: a block's own steps are too many for the processor to look so far ahead
		for line := range map[int]int{4: 5, 8: 8}[bits] {
			e.PREFETCHT0(operand.Mem{Base: w, Disp: aheadBytes + 64*line})
		}
	}
	if bits == 4 {
		for i := range 4 {
			right[i], right[4+i] = e.ZMM(), e.ZMM()
			e.VMOVDQU32(operand.Mem{Base: w, Disp: 64 * i}, right[4+i])
			e.VPANDD(low, right[4+i], right[i])
			e.VPSRLD(operand.U8(4), right[4+i], right[4+i])
			e.VPANDD(low, right[4+i], right[4+i])
		}
		e.VCVTPH2PS(operand.Mem{Base: w, Disp: 256}, scale)
		e.VCVTPH2PS(operand.Mem{Base: w, Disp: 288}, least)
		e.ADDQ(operand.I32(320), w)
	} else {
		for i := range right {
			right[i] = e.ZMM()
			e.VMOVDQU32(operand.Mem{Base: w, Disp: 64 * i}, right[i])
		}
		e.VCVTPH2PS(operand.Mem{Base: scales}, scale)
		e.ADDQ(operand.I32(512), w)
		e.ADDQ(operand.I32(32), scales)
	}
	for r := range sums {
		upper, lower := e.zero(), e.zero()
		for i := range right {
			e.dotBytesAt(at(r, 4*i), right[i], upper)
			e.dotBytesAt(at(r, recordLower+4*i), right[i], lower)
		}
		e.VPSLLD(operand.U8(8), upper, upper)
		e.VPADDD(lower, upper, upper)
		if bits == 8 { // what the weights' shift has added
			e.VPSLLD_BCST(operand.U8(7), at(r, recordSum), lower)
			e.VPSUBD(lower, upper, upper)
		}
		e.VCVTDQ2PS(upper, upper)
		e.VMULPS(scale, upper, upper)
		if bits == 4 {
			e.VCVTDQ2PS_BCST(at(r, recordSum), lower)
			e.VMULPS(least, lower, lower)
			e.VADDPS(lower, upper, upper)
		}
		e.VMULPS_BCST(at(r, recordScale), upper, upper)
		e.VADDPS(upper, sums[r], sums[r])
	}
	e.ADDQ(operand.I32(recordBytes), x)
	e.DECQ(blocks)
	e.JNE(operand.LabelRef(top))

	y, ldy := param("y"), param("ldy")
	mask := e.partMasks(param("cols"), 1)[0]
	add := e.Load(e.Param("add"), e.GP8())
	store, zero, from := e.label("store"), e.GP64(), e.GP64()
	e.XORQ(zero, zero)
	e.mask = mask
	e.TESTB(add, add)
	e.JE(operand.LabelRef(store))
	e.MOVQ(y, from)
	for r := range sums {
		e.VADDPS(e.load(from, zero, 0), sums[r], sums[r])
		e.ADDQ(ldy, from)
	}
	e.Label(store)
	for r := range sums {
		e.store(sums[r], y, zero, 0)
		e.ADDQ(ldy, y)
	}
	e.mask = nil
}
