package main

import (
	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

var bf16Kernels = []kernel{
	{name: "toBF16", params: "dst []uint16, src []float32", doc: "rounds to bf16.", emit: func(e *emitter) {
		dst, src, n := e.slice("dst"), e.slice("src"), e.length("src")
		k := e.bf16Constants()
		e.loop(n, 4, func(i reg.GPVirtual, j int) {
			e.storeBF16(e.load(src, i, j), k, dst, i, j)
		})
	}},
	{name: "fromBF16", params: "dst []float32, src []uint16", doc: "widens bf16.", emit: func(e *emitter) {
		dst, src, n := e.slice("dst"), e.slice("src"), e.length("src")
		e.loop(n, 4, func(i reg.GPVirtual, j int) {
			e.store(e.loadBF16(src, i, j), dst, i, j)
		})
	}},
	{name: "scaleBF16", params: "x []uint16, a float32", doc: "multiplies x by a and rounds.", emit: func(e *emitter) {
		x, n, a := e.slice("x"), e.length("x"), e.scalar("a")
		k := e.bf16Constants()
		e.loop(n, 4, func(i reg.GPVirtual, j int) {
			r := e.loadBF16(x, i, j)
			e.VMULPS(a, r, r)
			e.storeBF16(r, k, x, i, j)
		})
	}},
}

// bf16Constants are what rounding needs.
type bf16Constants struct{ one, half, quiet operand.Op }

func (e *emitter) bf16Constants() bf16Constants {
	return bf16Constants{one: e.bits(1), half: e.bits(0x7fff), quiet: e.bits(0x400000)}
}

// loadBF16 reads bf16 and widens; lanes that do not count are 0.
func (e *emitter) loadBF16(base, i reg.GPVirtual, j int) reg.VecVirtual {
	r, m := e.vec(), e.at(base, i, j, 2)
	switch {
	case e.mask == nil:
		e.VPMOVZXWD(m, r)
	case e.wide():
		e.VPMOVZXWD_Z(m, e.mask, r)
	default:
		e.copyWords(m, e.room())
		e.VPMOVZXWD(e.room(), r)
	}
	e.VPSLLD(operand.U8(16), r, r)
	return r
}

// storeBF16 rounds to nearest even and writes; r is used up. In a round of several vectors, which must then be an even number, the
// first of two waits for the second.
func (e *emitter) storeBF16(r reg.VecVirtual, c bf16Constants, base, i reg.GPVirtual, j int) {
	t := e.roundBF16(r, c)
	switch {
	case e.round > 1 && j%2 == 0:
		e.waiting = t
		return
	case e.round > 1 && e.wide():
		first := e.waiting
		e.VPERMT2W(t, e.upperWords(), first)
		e.VMOVDQU32(first, e.at(base, i, j-1, 2))
		return
	case e.round > 1:
		first := e.waiting
		e.VPSRLD(operand.U8(16), first, first)
		e.VPSRLD(operand.U8(16), t, t)
		e.VPACKUSDW(t, first, first)
		e.VPERMQ(operand.U8(0xd8), first, first)
		e.VMOVDQU(first, e.at(base, i, j-1, 2))
		return
	}
	m := e.at(base, i, j, 2)
	e.VPSRLD(operand.U8(16), t, t)
	if e.wide() {
		if e.mask == nil {
			e.VPMOVDW(t, m)
		} else {
			e.VPMOVDW(t, e.mask, m)
		}
		return
	}
	e.VPACKUSDW(t, t, t)
	e.VPERMQ(operand.U8(0xd8), t, t)
	if e.mask == nil {
		e.VMOVDQU(t.AsX(), m)
		return
	}
	e.VMOVDQU(t.AsX(), e.room())
	e.copyWords(e.room(), m)
}

// upperWords are the indices of the upper halves of the lanes of two registers. They are loaded where they are used: loops that round
// are bound by their arithmetic, not by loads.
func (e *emitter) upperWords() reg.VecVirtual {
	if !e.constants["upper"] {
		e.constants["upper"] = true
		e.StaticGlobal("upper")
		e.DataAttributes(attr.RODATA | attr.NOPTR)
		for k := range 32 {
			e.AddDatum(2*k, operand.U16(2*k+1))
		}
	}
	return e.own(operand.NewDataAddr(operand.NewStaticSymbol("upper"), 0))
}

// roundBF16 leaves the rounded value in the upper half of each lane of a new register. Adding 0x7fff plus the lowest kept bit carries
// into the kept half exactly when rounding up is right; a NaN could overflow so, and is only made quiet.
func (e *emitter) roundBF16(r reg.VecVirtual, c bf16Constants) reg.VecVirtual {
	t := e.roundNoNaN(r, c)
	if e.wide() {
		nan := e.K()
		e.VCMPPS(operand.U8(3), r, r, nan)
		e.VPORD(c.quiet, r, nan, t)
		return t
	}
	nan := e.vec()
	e.VCMPPS(operand.U8(3), r, r, nan)
	e.VPOR(c.quiet, r, r)
	e.VBLENDVPS(nan, r, t, t)
	return t
}

// roundNoNaN is roundBF16 for values that are no NaN, or one that arithmetic made from bf16 operands: such a NaN is quiet and the
// lower half of its payload is 0, so nothing carries.
func (e *emitter) roundNoNaN(r reg.VecVirtual, c bf16Constants) reg.VecVirtual {
	t := e.vec()
	e.VPSRLD(operand.U8(16), r, t)
	e.and(c.one, t)
	e.VPADDD(c.half, t, t)
	e.VPADDD(r, t, t)
	return t
}

// loadPair reads two registers' worth of bf16 at once and widens the elements of even and of odd index apart: one instruction each,
// where unpacking in order takes two. It serves kernels whose operands are all bf16. Elements that do not count are 0.
func (e *emitter) loadPair(base, i reg.GPVirtual, j int, upper operand.Op) (even, odd reg.VecVirtual) {
	m := e.at(base, i, j, 2)
	even, odd = e.vec(), e.vec()
	switch {
	case e.mask == nil:
		e.VMOVUPS(m, odd)
	case e.wide():
		e.VMOVDQU16_Z(m, e.mask, odd)
	default:
		e.copyWords(m, e.room())
		e.VMOVUPS(e.room(), odd)
	}
	e.VPSLLD(operand.U8(16), odd, even)
	e.and(upper, odd)
	return even, odd
}

// storePair rounds and writes what loadPair took apart; the registers are used up.
func (e *emitter) storePair(even, odd reg.VecVirtual, c bf16Constants, upper operand.Op, base, i reg.GPVirtual, j int) {
	m := e.at(base, i, j, 2)
	even, odd = e.roundNoNaN(even, c), e.roundNoNaN(odd, c)
	e.VPSRLD(operand.U8(16), even, even)
	if e.wide() {
		e.VPTERNLOGD(operand.U8(0xf8), upper, odd, even) // even | odd & upper
		if e.mask == nil {
			e.VMOVDQU32(even, m)
		} else {
			e.VMOVDQU16(even, e.mask, m)
		}
		return
	}
	e.VPBLENDW(operand.U8(0xaa), odd, even, even)
	if e.mask == nil {
		e.VMOVDQU(even, m)
		return
	}
	e.VMOVDQU(even, e.room())
	e.copyWords(e.room(), m)
}
