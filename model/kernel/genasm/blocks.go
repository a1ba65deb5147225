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
	ks := []kernel{{name: "roundBlocks", params: "records *uint32, x []float32", doc: "rounds whole blocks to 16 bits, each to a record.", emit: emitRoundBlocks}}
	for _, b := range blockTypes {
		for _, rows := range []int{8, 4, 1} {
			ks = append(ks, kernel{name: fmt.Sprintf("blocks%sRows%d", b.name, rows), only: []isa{avx512},
				params: "y *float32, x *uint32, scales, numbers *byte, ldx, ldy, blocks, cols int, add bool",
				doc:    fmt.Sprintf("computes %d rows of a panel of %s, added to y with add; strides are in bytes.", rows, b.name),
				emit:   func(e *emitter) { e.blockRows(b, rows) }})
		}
		ks = append(ks, kernel{name: fmt.Sprintf("blocks%sRows2", b.name), only: []isa{avx2},
			params: "y *float32, x *uint32, scales, numbers *byte, ldx, ldy, blocks, cols, first int, add bool",
			doc:    fmt.Sprintf("computes 2 rows of 8 columns of a panel of %s from the first one on, added to y with add; strides are in bytes.", b.name),
			emit:   func(e *emitter) { e.narrowBlockRows(b, 2) }},
			kernel{name: fmt.Sprintf("blocks%sRow", b.name), only: []isa{avx2},
				params: "y *float32, x *uint32, scales, numbers *byte, ldy, blocks, cols int, add bool",
				doc:    fmt.Sprintf("computes a row of a panel of %s, added to y with add.", b.name),
				emit:   func(e *emitter) { e.narrowBlockRows(b, 1) }})
	}
	return append(ks, blockWordKernels...)
}()

// blockType is a type of blocks as its panels have it.
type blockType struct {
	name    string
	bits    int
	middle  uint8 // as a power of two; 0 = there are leasts
	factors bool  // scales are whole numbers, with factors for 256 terms
}

var blockTypes = []blockType{
	{"Q41", 4, 0, false}, {"Q50", 5, 4, false}, {"Q51", 5, 0, false}, {"Q80", 8, 7, false}, {"Q4K", 4, 0, true}, {"Q5K", 5, 0, true}, {"Q6K", 6, 5, true},
}

// parts says that a block has two scales, each for half of its terms.
func (b blockType) parts() bool { return b.factors && b.middle > 0 }

const (
	recordBytes = 76 // of a block of a left operand
	recordLower = 32
	recordScale = 64
	recordSum   = 68
	recordFirst = 72

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
	v, size := make([]reg.VecVirtual, 32/e.lanes), make([]reg.VecVirtual, 32/e.lanes)
	for i := range v {
		v[i], size[i] = e.vec(), e.vec()
		e.VMOVUPS(operand.Mem{Base: x, Disp: 4 * e.lanes * i}, v[i])
		if e.wide() {
			e.VPANDD(sign, v[i], size[i])
		} else {
			e.VPAND(sign, v[i], size[i])
		}
	}
	// Of numbers without a sign the bits have the order of the values, and those of NaN stand above.
	largest := e.fold(size, func(a, b, into operand.Op) { e.VPMAXUD(b, a, into) })
	scale, inverse := e.vec(), e.vec()
	e.VBROADCASTSS(largest, scale)
	e.VDIVPS(scale, e.reg(most), inverse)
	e.VMINPS(limit, inverse, inverse)
	e.VDIVPS(most, scale, scale)
	for i := range v {
		e.VMULPS(inverse, v[i], v[i])
		e.clearNaN(v[i])
		e.VCVTPS2DQ(v[i], v[i])
		if e.wide() {
			e.VPMOVDB(v[i], operand.Mem{Base: out, Disp: recordLower + 16*i})
			upper := e.ZMM()
			e.VPADDD(middle, v[i], upper)
			e.VPSRLD(operand.U8(8), upper, upper)
			e.VPMOVDB(upper, operand.Mem{Base: out, Disp: 16 * i})
		}
	}
	if !e.wide() {
		low := e.reg(e.bits(0xff))
		var lower, upper [4]reg.VecVirtual
		for i := range v {
			lower[i], upper[i] = e.YMM(), e.YMM()
			e.VPADDD(middle, v[i], upper[i])
			e.VPSRLD(operand.U8(8), upper[i], upper[i])
			e.VPAND(low, upper[i], upper[i])
			e.VPAND(low, v[i], lower[i])
		}
		e.VMOVDQU(e.packBytes(upper), operand.Mem{Base: out})
		e.VMOVDQU(e.packBytes(lower), operand.Mem{Base: out, Disp: recordLower})
	}
	e.VMOVSS(scale.AsX(), operand.Mem{Base: out, Disp: recordScale})
	whole, first := e.GP32(), e.GP32()
	for h, sum := range []reg.GPVirtual{first, whole} {
		part := len(v) / 2
		e.VMOVD(e.fold(v[h*part:(h+1)*part], func(a, b, into operand.Op) { e.VPADDD(b, a, into) }), sum)
	}
	e.ADDL(first, whole)
	e.MOVL(whole, operand.Mem{Base: out, Disp: recordSum})
	e.MOVL(first, operand.Mem{Base: out, Disp: recordFirst})
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

// rowsAt addresses words of the records of up to 8 rows.
func (e *emitter) rowsAt(rows int) (at func(row, disp int) operand.Mem, bases []reg.GPVirtual) {
	x := e.Load(e.Param("x"), e.GP64()).(reg.GPVirtual)
	bases = []reg.GPVirtual{x}
	ldx, ldx3 := e.GP64(), e.GP64()
	if rows > 1 {
		e.Load(e.Param("ldx"), ldx)
		e.LEAQ(operand.Mem{Base: ldx, Index: ldx, Scale: 2}, ldx3)
	}
	if rows > 4 {
		bases = append(bases, e.GP64())
		e.LEAQ(operand.Mem{Base: x, Index: ldx, Scale: 4}, bases[1])
	}
	return func(row, disp int) operand.Mem {
		m := operand.Mem{Base: bases[row/4], Disp: disp}
		switch row % 4 {
		case 1, 2:
			m.Index, m.Scale = ldx, uint8(row%4)
		case 3:
			m.Index, m.Scale = ldx3, 1
		}
		return m
	}, bases
}

// unpacker holds what is needed to take numbers apart.
type unpacker struct {
	blockType
	low, high operand.Op // masks
}

func (e *emitter) unpacker(b blockType) (u unpacker) {
	u.blockType = b
	if b.bits < 8 {
		u.low = e.bits(0x0f0f0f0f)
	}
	switch b.bits {
	case 5:
		u.high = e.bits(0x10101010)
	case 6:
		u.high = e.bits(0x30303030)
	}
	return u
}

// unpack makes a block's numbers bytes: register i has the terms 4i … 4i+3 of 16 columns. It moves numbers on.
func (u unpacker) unpack(e *emitter, numbers reg.GPVirtual) (right [8]reg.VecVirtual) {
	line := func(i int) operand.Mem { return operand.Mem{Base: numbers, Disp: 64 * i} }
	for i := range right {
		right[i] = e.ZMM()
		if u.bits == 8 {
			e.VMOVDQU32(line(i), right[i])
		}
	}
	if u.bits < 8 {
		for i := range 4 {
			e.VMOVDQU32(line(i), right[4+i])
			e.VPANDD(u.low, right[4+i], right[i])
			e.VPSRLD(operand.U8(4), right[4+i], right[4+i])
			e.VPANDD(u.low, right[4+i], right[4+i])
		}
	}
	if extra := u.bits - 4; extra < 3 { // a line has as many of the upper bits as fit into bytes
		each := 8 / max(1, extra)
		var upper reg.VecVirtual
		for i := 0; extra > 0 && i < len(right); i++ {
			if i%each == 0 {
				upper = e.ZMM()
				e.VMOVDQU32(line(4+i/each), upper)
			}
			moved := upper
			if shift := 4 - i%each*extra; shift != 0 {
				moved = e.ZMM()
				if shift > 0 {
					e.VPSLLD(operand.U8(shift), upper, moved)
				} else {
					e.VPSRLD(operand.U8(-shift), upper, moved)
				}
			}
			const orOfAnd = 0xf8 // dst | a & b
			e.VPTERNLOGD(operand.U8(orOfAnd), u.high, moved, right[i])
		}
	}
	e.ADDQ(operand.I32(64*u.bits), numbers)
	return right
}

// blockScales are those of a block: scale, and least or the second half's scale. It moves scales on.
func (e *emitter) blockScales(b blockType, scales reg.GPVirtual, factors []reg.VecVirtual) (out [2]reg.VecVirtual) {
	size := 32
	for i := range out {
		if !b.factors && i == 1 && b.middle > 0 {
			break
		}
		out[i] = e.ZMM()
		switch {
		case !b.factors:
			e.VCVTPH2PS(operand.Mem{Base: scales, Disp: 32 * i}, out[i])
			size = 32 * (i + 1)
			continue
		case b.parts():
			e.VPMOVSXBD(operand.Mem{Base: scales, Disp: 16 * i}, out[i])
		default:
			e.VPMOVZXBD(operand.Mem{Base: scales, Disp: 16 * i}, out[i])
		}
		e.VCVTDQ2PS(out[i], out[i])
		e.VMULPS(factors[i%len(factors)], out[i], out[i])
	}
	e.ADDQ(operand.I32(size), scales)
	return out
}

func (e *emitter) blockRows(b blockType, rows int) {
	param := func(name string) reg.GPVirtual { return e.Load(e.Param(name), e.GP64()).(reg.GPVirtual) }
	at, bases := e.rowsAt(rows)
	scales, numbers, blocks := param("scales"), param("numbers"), param("blocks")
	u := e.unpacker(b)
	sums := make([]reg.VecVirtual, rows)
	for r := range sums {
		sums[r] = e.zero()
	}
	outer, top := e.label("factors"), e.label("block")
	var factors []reg.VecVirtual
	left := blocks
	if b.factors {
		left = e.GP64()
		e.Label(outer)
		for i := range 2 {
			if i == 0 || !b.parts() {
				factors = append(factors, e.ZMM())
				e.VCVTPH2PS(operand.Mem{Base: scales, Disp: 32 * i}, factors[i])
			}
		}
		e.ADDQ(operand.I32(32*len(factors)), scales)
		e.MOVQ(operand.I32(8), left)
	}
	e.Label(top)
	if rows == 1 { // what comes next is asked for beforehand: a block's own steps are too many for the processor to look so far ahead
		for line := range b.bits {
			e.PREFETCHT0(operand.Mem{Base: numbers, Disp: aheadBytes + 64*line})
		}
	}
	right := u.unpack(e, numbers)
	scale := e.blockScales(b, scales, factors)
	for r := range sums {
		v := e.blockRow(b, func(disp int) operand.Mem { return at(r, disp) }, right, scale)
		e.VMULPS_BCST(at(r, recordScale), v, v)
		e.VADDPS(v, sums[r], sums[r])
	}
	for _, x := range bases {
		e.ADDQ(operand.I32(recordBytes), x)
	}
	e.DECQ(left)
	e.JNE(operand.LabelRef(top))
	if b.factors {
		e.SUBQ(operand.I32(8), blocks)
		e.JNE(operand.LabelRef(outer))
	}
	e.storeBlocks(sums)
}

// blockRow is a row's product with a block, without the row's scale.
func (e *emitter) blockRow(b blockType, at func(disp int) operand.Mem, right [8]reg.VecVirtual, scale [2]reg.VecVirtual) reg.VecVirtual {
	// dot sums over the registers [lo,hi).
	dot := func(lo, hi int) reg.VecVirtual {
		upper, lower := e.zero(), e.zero()
		for i := lo; i < hi; i++ {
			e.dotBytesAt(at(4*i), right[i], upper)
			e.dotBytesAt(at(recordLower+4*i), right[i], lower)
		}
		e.VPSLLD(operand.U8(8), upper, upper)
		e.VPADDD(lower, upper, upper)
		return upper
	}
	scaled := func(v, by reg.VecVirtual) {
		e.VCVTDQ2PS(v, v)
		e.VMULPS(by, v, v)
	}
	switch {
	case b.parts():
		first, second := dot(0, 4), dot(4, 8)
		shift, whole := e.ZMM(), e.ZMM()
		e.VPSLLD_BCST(operand.U8(b.middle), at(recordFirst), shift)
		e.VPSLLD_BCST(operand.U8(b.middle), at(recordSum), whole)
		e.VPSUBD(shift, first, first)
		e.VPSUBD(shift, whole, whole)
		e.VPSUBD(whole, second, second)
		scaled(first, scale[0])
		scaled(second, scale[1])
		e.VADDPS(second, first, first)
		return first
	case b.middle > 0:
		v, shift := dot(0, 8), e.ZMM()
		e.VPSLLD_BCST(operand.U8(b.middle), at(recordSum), shift)
		e.VPSUBD(shift, v, v)
		scaled(v, scale[0])
		return v
	default:
		v, least := dot(0, 8), e.ZMM()
		scaled(v, scale[0])
		e.VCVTDQ2PS_BCST(at(recordSum), least)
		e.VMULPS(scale[1], least, least)
		e.VSUBPS(least, v, v)
		return v
	}
}

// storeBlocks writes the rows' sums of a panel to y, or adds them.
func (e *emitter) storeBlocks(sums []reg.VecVirtual) {
	param := func(name string) reg.GPVirtual { return e.Load(e.Param(name), e.GP64()).(reg.GPVirtual) }
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
