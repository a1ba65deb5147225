package main

import (
	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Attention of one query over keys and values that are kept in bf16, heads of 64. Two registers of bf16 become four of float32: lanes of
// even and of odd elements. Sums have the order of dot and axpy.
var decodeKernels = []kernel{
	{name: "dots64", params: "scores []float32, q *float32, k, ahead *uint16", only: []isa{avx512},
		doc: "scores a query [64] with len(scores) keys [64]; the number of keys is a multiple of 8. As many bytes are asked for at ahead.", emit: emitDots64},
	{name: "mix64", params: "o *float32, p []float32, v, ahead *uint16", only: []isa{avx512},
		doc: "adds up len(p) values [64], weighted with p. As many bytes are asked for at ahead.", emit: emitMix64},
}

// ahead is the distance to the bytes that are asked for while others are read: keys and values of many sequences
// do not fit a core's caches, and it would wait for memory and compute in turn.
func (e *emitter) ahead(from reg.GPVirtual) reg.GPVirtual {
	ahead := e.Load(e.Param("ahead"), e.GP64()).(reg.GPVirtual)
	e.SUBQ(from, ahead)
	return ahead
}

// prefetchRow asks for a row of 64 elements.
func (e *emitter) prefetchRow(at, ahead reg.GPVirtual, disp int) {
	for line := range 2 {
		e.PREFETCHT0(operand.Mem{Base: at, Index: ahead, Scale: 1, Disp: disp + 64*line})
	}
}

// evenOdd splits a register of bf16 at m into lanes of even and of odd elements.
func (e *emitter) evenOdd(m operand.Mem, upper operand.Op) (even, odd reg.VecVirtual) {
	even, odd = e.ZMM(), e.ZMM()
	e.VMOVDQU32(m, odd)
	e.VPSLLD(operand.U8(16), odd, even)
	e.VPANDD(upper, odd, odd)
	return even, odd
}

// indices is a table of 16 indices.
func (e *emitter) indices(name string, at func(i int) uint32) reg.VecVirtual {
	if !e.constants[name] {
		e.constants[name] = true
		e.StaticGlobal(name)
		e.DataAttributes(attr.RODATA | attr.NOPTR)
		for i := range 16 {
			e.AddDatum(4*i, operand.U32(at(i)))
		}
	}
	return e.own(operand.NewDataAddr(operand.NewStaticSymbol(name), 0))
}

func emitDots64(e *emitter) {
	scores, n := e.slice("scores"), e.length("scores")
	q, k := e.Load(e.Param("q"), e.GP64()).(reg.GPVirtual), e.Load(e.Param("k"), e.GP64()).(reg.GPVirtual)
	ahead := e.ahead(k)
	upper := e.bits(0xffff0000)
	var query [4]reg.VecVirtual // even and odd elements of the first half, then of the second
	evens, odds := e.indices("evens", func(i int) uint32 { return uint32(2 * i) }), e.indices("odds", func(i int) uint32 { return uint32(2*i + 1) })
	for h := range 2 {
		a, b := e.ZMM(), e.ZMM()
		e.VMOVUPS(operand.Mem{Base: q, Disp: 128 * h}, a)
		e.VMOVUPS(operand.Mem{Base: q, Disp: 128*h + 64}, b)
		query[2*h] = e.own(a)
		e.VPERMT2PS(b, evens, query[2*h])
		e.VPERMT2PS(b, odds, a)
		query[2*h+1] = a
	}
	// products gives the sums of even and of odd lanes of a key with the query, halves added: elements 32 apart.
	products := func(key int) (even, odd reg.VecVirtual) {
		var out [4]reg.VecVirtual
		e.prefetchRow(k, ahead, 128*key)
		for h := range 2 {
			out[2*h], out[2*h+1] = e.evenOdd(operand.Mem{Base: k, Disp: 128*key + 64*h}, upper)
		}
		for i := range out {
			e.VMULPS(query[i], out[i], out[i])
		}
		e.VADDPS(out[2], out[0], out[0])
		e.VADDPS(out[3], out[1], out[1])
		return out[0], out[1]
	}
	top, done := e.label("keys"), e.label("done")
	e.Label(top)
	e.TESTQ(n, n)
	e.JE(operand.LabelRef(done))
	// Sixteen registers are folded together: each step adds halves of the lanes that remain, of two registers at once.
	add := func(a, b reg.VecVirtual, join func(low bool, to reg.VecVirtual)) reg.VecVirtual {
		low, high := e.ZMM(), e.ZMM()
		join(true, low)
		join(false, high)
		e.VADDPS(high, low, low)
		return low
	}
	shuffle := func(a, b reg.VecVirtual, even, odd uint8) reg.VecVirtual {
		return add(a, b, func(low bool, to reg.VecVirtual) {
			imm := odd
			if low {
				imm = even
			}
			e.VSHUFF32X4(operand.U8(imm), b, a, to)
		})
	}
	var four [4]reg.VecVirtual
	for l := range four {
		even, odd := products(l)
		even4, odd4 := products(l + 4)
		four[l] = shuffle(shuffle(even, even4, 0x44, 0xee), shuffle(odd, odd4, 0x44, 0xee), 0x88, 0xdd)
	}
	pair := func(a, b reg.VecVirtual) reg.VecVirtual {
		return add(a, b, func(low bool, to reg.VecVirtual) {
			if low {
				e.VUNPCKLPD(b, a, to)
			} else {
				e.VUNPCKHPD(b, a, to)
			}
		})
	}
	m, o := pair(four[0], four[1]), pair(four[2], four[3])
	sum := add(m, o, func(low bool, to reg.VecVirtual) {
		imm := uint8(0xdd)
		if low {
			imm = 0x88
		}
		e.VSHUFPS(operand.U8(imm), o, m, to)
	})
	odd := e.YMM()
	e.VEXTRACTF32X8(operand.U8(1), sum, odd)
	e.VADDPS(odd, sum.AsY(), odd)
	e.VMOVUPS(odd, operand.Mem{Base: scores})
	e.ADDQ(operand.I32(32), scores)
	e.ADDQ(operand.I32(8*128), k)
	e.SUBQ(operand.I32(8), n)
	e.JMP(operand.LabelRef(top))
	e.Label(done)
}

func emitMix64(e *emitter) {
	p, n := e.slice("p"), e.length("p")
	v := e.Load(e.Param("v"), e.GP64()).(reg.GPVirtual)
	ahead := e.ahead(v)
	upper := e.bits(0xffff0000)
	sums := []reg.VecVirtual{e.zero(), e.zero(), e.zero(), e.zero()}
	top, done := e.label("values"), e.label("done")
	e.Label(top)
	e.TESTQ(n, n)
	e.JE(operand.LabelRef(done))
	weight := e.broadcast(operand.Mem{Base: p})
	e.prefetchRow(v, ahead, 0)
	for h := range 2 {
		even, odd := e.evenOdd(operand.Mem{Base: v, Disp: 64 * h}, upper)
		e.VFMADD231PS(even, weight, sums[2*h])
		e.VFMADD231PS(odd, weight, sums[2*h+1])
	}
	e.ADDQ(operand.I32(4), p)
	e.ADDQ(operand.I32(128), v)
	e.DECQ(n)
	e.JMP(operand.LabelRef(top))
	e.Label(done)
	o := e.Load(e.Param("o"), e.GP64()).(reg.GPVirtual)
	first := e.indices("firstHalf", func(i int) uint32 { return uint32(i/2 + i%2*16) })
	second := e.indices("secondHalf", func(i int) uint32 { return uint32(8 + i/2 + i%2*16) })
	for h := range 2 {
		even, odd := sums[2*h], sums[2*h+1]
		low := e.own(even)
		e.VPERMT2PS(odd, first, low)
		e.VPERMT2PS(odd, second, even)
		e.VMOVUPS(low, operand.Mem{Base: o, Disp: 128 * h})
		e.VMOVUPS(even, operand.Mem{Base: o, Disp: 128*h + 64})
	}
}
