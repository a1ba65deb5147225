package main

import (
	"math"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

var swigluKernels = []kernel{
	{name: "swiglu", params: "dst, gate, up []float32", doc: "computes dst = silu(gate)·up.", emit: func(e *emitter) {
		dst, gate, up, n := e.slice("dst"), e.slice("gate"), e.slice("up"), e.length("gate")
		k := e.sigmoidConstants(false)
		e.loop(n, 2, func(i reg.GPVirtual, j int) {
			g, s := e.sigmoid(e.load(gate, i, j), k)
			e.VMULPS(s, g, g)
			e.VMULPS(e.load(up, i, j), g, g)
			e.store(g, dst, i, j)
		})
	}},
	{name: "swigluBF16", params: "dst, gate, up []uint16", doc: "is swiglu on bf16.", emit: func(e *emitter) {
		dst, gate, up, n := e.slice("dst"), e.slice("gate"), e.slice("up"), e.length("gate")
		e.pairs = true
		k, b, upper := e.sigmoidConstants(true), e.bf16Constants(), e.bits(0xffff0000)
		e.loop(n, 1, func(i reg.GPVirtual, j int) {
			g0, g1 := e.loadPair(gate, i, j, upper)
			u0, u1 := e.loadPair(up, i, j, upper)
			h := func(g, u reg.VecVirtual) reg.VecVirtual {
				g, s := e.sigmoid(g, k)
				e.VMULPS(s, g, g)
				e.VMULPS(u, g, g)
				return g
			}
			e.storePair(h(g0, u0), h(g1, u1), b, upper, dst, i, j)
		})
	}},
	{name: "swigluGrad", params: "dgate, dup, dh, gate, up []float32", doc: "computes the gradients of swiglu.", emit: func(e *emitter) {
		dgate, dup, dh, gate, up, n := e.slice("dgate"), e.slice("dup"), e.slice("dh"), e.slice("gate"), e.slice("up"), e.length("gate")
		k := e.sigmoidConstants(false)
		e.loop(n, 1, func(i reg.GPVirtual, j int) {
			d, g, u := e.load(dh, i, j), e.load(gate, i, j), e.load(up, i, j)
			dg, _ := e.swigluGradient(d, g, u, k)
			e.store(dg, dgate, i, j)
			e.store(d, dup, i, j)
		})
	}},
	{name: "swigluGradBF16", params: "dgate, dup, dh, gate, up []uint16", doc: "computes the gradients of swiglu on bf16.",
		emit: func(e *emitter) { e.swigluGradientBF16(false) }},
	{name: "swigluGradKeepBF16", params: "dgate, dup, h, dh, gate, up []uint16", doc: "is swigluGradBF16 that computes h = silu(gate)·up as well.",
		emit: func(e *emitter) { e.swigluGradientBF16(true) }},
}

// sigmoidConstants hold e^−t = 2^n·e^−r for −lowest ≤ t ≤ lowest, with signs that save negating t. rough is for results that are
// rounded to bf16: a polynomial of degree 4 and ln2 in one piece err by 5e-6, a thousandth of bf16's rounding.
type sigmoidConstants struct {
	low, high, log2e, magic, one, magicBits, bias operand.Op
	ln2, terms                                    []operand.Op
}

func (e *emitter) sigmoidConstants(rough bool) sigmoidConstants {
	const lowest = 87 // beyond, 1 + e^−t leaves the range in which it has a normal reciprocal
	k := sigmoidConstants{low: e.float(-lowest), high: e.float(lowest), log2e: e.float(math.Log2E), magic: e.float(3 << 22), one: e.float(1)}
	floats := func(fs ...float64) (ops []operand.Op) {
		for _, f := range fs {
			ops = append(ops, e.float(f))
		}
		return ops
	}
	if rough {
		k.ln2, k.terms = floats(math.Ln2), floats(0.04127766937017441, -0.16753531992435455, 0.5000512003898621, -1, 1)
	} else {
		k.ln2 = floats(0.693359375, -2.12194440e-4)
		k.terms = floats(0.0013814611593261361, -0.008368710055947304, 0.04166838899254799, -0.1666652113199234, 0.4999999403953552, -1, 1)
	}
	if !e.wide() {
		k.magicBits, k.bias = e.bits(math.Float32bits(3<<22)), e.bits(127)
	}
	return k
}

// sigmoid returns g, not less than −87, and σ(g) = 1/(1+e^−g); NaN comes through both.
func (e *emitter) sigmoid(g reg.VecVirtual, k sigmoidConstants) (clamped, sigma reg.VecVirtual) {
	t, shifted, n := e.vec(), e.own(k.magic), e.vec()
	e.VMAXPS(g, e.reg(k.low), g)
	e.VMINPS(g, e.reg(k.high), t)
	e.VFNMADD231PS(k.log2e, t, shifted)
	e.VSUBPS(k.magic, shifted, n)
	for _, c := range k.ln2 {
		e.VFMADD231PS(c, n, t)
	}
	p := e.own(k.terms[0])
	for _, c := range k.terms[1:] {
		e.VFMADD213PS(c, t, p)
	}
	if e.wide() {
		e.VSCALEFPS(n, p, p)
		e.VADDPS(k.one, p, p)
	} else {
		e.VPSUBD(k.magicBits, shifted, shifted)
		e.VPADDD(k.bias, shifted, shifted)
		e.VPSLLD(operand.U8(23), shifted, shifted)
		e.VFMADD213PS(k.one, shifted, p)
	}
	s := e.own(k.one)
	e.VDIVPS(p, s, s)
	return g, s
}

// swigluGradient makes d = dh dup, and returns dgate = dh·u·(σ + silu·(1−σ)) and silu(g).
func (e *emitter) swigluGradient(d, g, u reg.VecVirtual, k sigmoidConstants) (dgate, silu reg.VecVirtual) {
	g, s := e.sigmoid(g, k)
	e.VMULPS(s, g, g)
	c := e.own(k.one)
	e.VSUBPS(s, c, c)
	e.VFMADD213PS(s, g, c)
	e.VMULPS(u, c, c)
	e.VMULPS(d, c, c)
	e.VMULPS(g, d, d)
	return c, g
}

func (e *emitter) swigluGradientBF16(keep bool) {
	dgate, dup, dh, gate, up, n := e.slice("dgate"), e.slice("dup"), e.slice("dh"), e.slice("gate"), e.slice("up"), e.length("gate")
	var h reg.GPVirtual
	if keep {
		h = e.slice("h")
	}
	e.pairs = true
	k, b, upper := e.sigmoidConstants(true), e.bf16Constants(), e.bits(0xffff0000)
	e.loop(n, 1, func(i reg.GPVirtual, j int) {
		d0, d1 := e.loadPair(dh, i, j, upper)
		g0, g1 := e.loadPair(gate, i, j, upper)
		u0, u1 := e.loadPair(up, i, j, upper)
		dg0, silu0 := e.swigluGradient(d0, g0, u0, k)
		dg1, silu1 := e.swigluGradient(d1, g1, u1, k)
		e.storePair(dg0, dg1, b, upper, dgate, i, j)
		e.storePair(d0, d1, b, upper, dup, i, j)
		if keep {
			e.VMULPS(u0, silu0, silu0)
			e.VMULPS(u1, silu1, silu1)
			e.storePair(silu0, silu1, b, upper, h, i, j)
		}
	})
}
