package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// narrowBlocks is what the AVX2 kernels of blocks have at hand: half of a panel at a time, each four terms taken apart and multiplied at once, because
// there are 16 registers and no instruction that adds up four products.
type narrowBlocks struct {
	blockType
	scales, numbers, first reg.GPVirtual // first column: 0 or 8
	ones, sixteens         operand.Op    // in words
	low                    operand.Op
}

// line is a part of a block's numbers.
func (n *narrowBlocks) line(i int) operand.Mem {
	return operand.Mem{Base: n.numbers, Index: n.first, Scale: 4, Disp: 64 * i}
}

// four makes the terms 4i … 4i+3 of 8 columns bytes. Of 8 bits they come in two halves, which may be multiplied with signed bytes and added in words.
func (n *narrowBlocks) four(e *emitter, i int) (parts []reg.VecVirtual) {
	if n.bits == 8 {
		lower, upper := e.YMM(), e.YMM()
		e.VMOVDQU(n.line(i), upper)
		e.VPAND(n.low, upper, lower)
		e.VPSRLD(operand.U8(4), upper, upper)
		e.VPAND(n.low, upper, upper)
		return []reg.VecVirtual{lower, upper}
	}
	v := e.YMM()
	e.VMOVDQU(n.line(i%4), v)
	if i >= 4 {
		e.VPSRLD(operand.U8(4), v, v)
	}
	e.VPAND(n.low, v, v)
	if extra := n.bits - 4; extra > 0 {
		each := 8 / extra
		upper := e.YMM()
		e.VMOVDQU(n.line(4+i/each), upper)
		if shift := 4 - i%each*extra; shift > 0 {
			e.VPSLLD(operand.U8(shift), upper, upper)
		} else if shift < 0 {
			e.VPSRLD(operand.U8(-shift), upper, upper)
		}
		e.VPAND(e.bits(map[int]uint32{5: 0x10101010, 6: 0x30303030}[n.bits]), upper, upper)
		e.VPOR(upper, v, v)
	}
	return []reg.VecVirtual{v}
}

// scale is that of a block, or with second what else it has. Factors are those of 256 terms.
func (n *narrowBlocks) scale(e *emitter, factors []reg.VecVirtual, second int) reg.VecVirtual {
	v := e.YMM()
	if !n.factors {
		e.VCVTPH2PS(operand.Mem{Base: n.scales, Index: n.first, Scale: 2, Disp: 32 * second}, v)
		return v
	}
	at := operand.Mem{Base: n.scales, Index: n.first, Scale: 1, Disp: 16 * second}
	if n.parts() {
		e.VPMOVSXBD(at, v)
	} else {
		e.VPMOVZXBD(at, v)
	}
	e.VCVTDQ2PS(v, v)
	e.VMULPS(factors[second%len(factors)], v, v)
	return v
}

func (e *emitter) narrowBlockRows(b blockType, rows int) {
	param := func(name string) reg.GPVirtual { return e.Load(e.Param(name), e.GP64()).(reg.GPVirtual) }
	at, bases := e.rowsAt(rows)
	n := &narrowBlocks{
		blockType: b, scales: param("scales"), numbers: param("numbers"), first: param("first"),
		ones: e.bits(0x00010001), sixteens: e.bits(0x00100010), low: e.bits(0x0f0f0f0f),
	}
	blocks := param("blocks")
	sums, upper, lower, whole := make([]reg.VecVirtual, rows), make([]reg.VecVirtual, rows), make([]reg.VecVirtual, rows), make([]reg.VecVirtual, rows)
	for r := range rows {
		sums[r], upper[r], lower[r], whole[r] = e.zero(), e.YMM(), e.YMM(), e.YMM()
	}
	outer, top := e.label("factors"), e.label("block")
	var factors []reg.VecVirtual
	left := blocks
	if b.factors {
		left = e.GP64()
		e.Label(outer)
		factors = n.loadFactors(e)
		e.MOVQ(operand.I32(8), left)
	}
	e.Label(top)
	for i := range 8 {
		if i == 0 || b.parts() && i == 4 {
			for r := range rows {
				e.VPXOR(upper[r], upper[r], upper[r])
				e.VPXOR(lower[r], lower[r], lower[r])
			}
		}
		for p, part := range n.four(e, i) {
			weight := []operand.Op{n.ones, n.sixteens}[p]
			for r := range rows {
				for half, sum := range []reg.VecVirtual{upper[r], lower[r]} {
					v := e.YMM()
					e.VPBROADCASTD(at(r, half*recordLower+4*i), v)
					e.VPMADDUBSW(v, part, v)
					e.VPMADDWD(weight, v, v)
					e.VPADDD(v, sum, sum)
				}
			}
		}
		if i == 7 || b.parts() && i == 3 {
			n.finish(e, i == 3, at, factors, upper, lower, whole)
		}
	}
	for r := range rows {
		v := e.YMM()
		e.VBROADCASTSS(at(r, recordScale), v)
		e.VMULPS(v, whole[r], whole[r])
		e.VADDPS(whole[r], sums[r], sums[r])
	}
	e.ADDQ(operand.I32(b.scaleBytes()), n.scales)
	e.ADDQ(operand.I32(64*b.bits), n.numbers)
	for _, x := range bases {
		e.ADDQ(operand.I32(recordBytes), x)
	}
	e.DECQ(left)
	e.JNE(operand.LabelRef(top))
	if b.factors {
		e.SUBQ(operand.I32(8), blocks)
		e.JNE(operand.LabelRef(outer))
	}

	e.storeColumns(sums)
}

// scaleBytes is the size of what a block of a panel has beside its numbers.
func (b blockType) scaleBytes() int {
	if !b.factors && b.middle == 0 {
		return 64
	}
	return 32
}

// loadFactors loads those of 256 terms, and steps behind them.
func (n *narrowBlocks) loadFactors(e *emitter) (factors []reg.VecVirtual) {
	for i := range 2 {
		if i == 0 || !n.parts() {
			factors = append(factors, e.YMM())
			e.VCVTPH2PS(operand.Mem{Base: n.scales, Index: n.first, Scale: 2, Disp: 32 * i}, factors[i])
		}
	}
	e.ADDQ(operand.I32(32*len(factors)), n.scales)
	return factors
}

// storeColumns writes the sums of rows of up to 8 columns, or adds them to what is there.
func (e *emitter) storeColumns(sums []reg.VecVirtual) {
	param := func(name string) reg.GPVirtual { return e.Load(e.Param(name), e.GP64()).(reg.GPVirtual) }
	y, ldy := param("y"), param("ldy")
	e.setMask(param("cols"))
	add := e.Load(e.Param("add"), e.GP8())
	store, zero, from := e.label("store"), e.GP64(), e.GP64()
	e.XORQ(zero, zero)
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

// finish makes whole of the sums of a block, or of its first half.
func (n *narrowBlocks) finish(e *emitter, half bool, at func(row, disp int) operand.Mem, factors, upper, lower, whole []reg.VecVirtual) {
	scale := n.scale(e, factors, map[bool]int{true: 1}[n.parts() && !half])
	for r := range whole {
		v, t := upper[r], e.YMM()
		e.VPSLLD(operand.U8(8), v, v)
		e.VPADDD(lower[r], v, v)
		if n.middle > 0 { // what the weights' shift has added
			if half {
				e.VPBROADCASTD(at(r, recordFirst), t)
			} else {
				e.VPBROADCASTD(at(r, recordSum), t)
			}
			if n.parts() && !half {
				first := e.YMM()
				e.VPBROADCASTD(at(r, recordFirst), first)
				e.VPSUBD(first, t, t)
			}
			e.VPSLLD(operand.U8(n.middle), t, t)
			e.VPSUBD(t, v, v)
		}
		e.VCVTDQ2PS(v, v)
		e.VMULPS(scale, v, v)
		if n.parts() && !half {
			e.VADDPS(v, whole[r], whole[r])
		} else {
			e.VMOVAPS(v, whole[r])
		}
	}
	if n.middle > 0 {
		return
	}
	least := n.scale(e, factors, 1)
	for r := range whole {
		t := e.YMM()
		e.VPBROADCASTD(at(r, recordSum), t)
		e.VCVTDQ2PS(t, t)
		e.VMULPS(least, t, t)
		e.VSUBPS(t, whole[r], whole[r])
	}
}
