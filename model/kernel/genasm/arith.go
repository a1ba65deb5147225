package main

import (
	"math"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

var arithKernels = []kernel{
	{name: "dot", params: "x, y []float32", result: "float32", doc: "is Σ x·y.", emit: func(e *emitter) {
		x, y, n := e.slice("x"), e.slice("y"), e.length("x")
		acc := e.sums(4)
		e.reduce(n, 4, func(i reg.GPVirtual, j int) {
			a, b := e.load(x, i, j), e.load(y, i, j)
			e.VFMADD231PS(a, b, acc[j])
		})
		e.Store(e.fold(acc, e.add), e.ReturnIndex(0))
	}},
	{name: "dot3", params: "a, b, c []float32", result: "float32", doc: "is Σ a·b·c.", emit: func(e *emitter) {
		a, b, c, n := e.slice("a"), e.slice("b"), e.slice("c"), e.length("a")
		acc := e.sums(4)
		e.reduce(n, 4, func(i reg.GPVirtual, j int) {
			u, v, w := e.load(a, i, j), e.load(b, i, j), e.load(c, i, j)
			e.VMULPS(u, v, v)
			e.VFMADD231PS(v, w, acc[j])
		})
		e.Store(e.fold(acc, e.add), e.ReturnIndex(0))
	}},
	{name: "axpy", params: "y, x []float32, a float32", doc: "computes y += a·x.", emit: func(e *emitter) {
		y, x, n, a := e.slice("y"), e.slice("x"), e.length("x"), e.scalar("a")
		e.loop(n, 4, func(i reg.GPVirtual, j int) {
			u, v := e.load(x, i, j), e.load(y, i, j)
			e.VFMADD231PS(u, a, v)
			e.store(v, y, i, j)
		})
	}},
	{name: "add", params: "dst, a, b []float32", doc: "computes dst = a + b.", emit: func(e *emitter) {
		dst, a, b, n := e.slice("dst"), e.slice("a"), e.slice("b"), e.length("a")
		e.loop(n, 4, func(i reg.GPVirtual, j int) {
			u, v := e.load(a, i, j), e.load(b, i, j)
			e.VADDPS(v, u, u)
			e.store(u, dst, i, j)
		})
	}},
	{name: "scale", params: "x []float32, a float32", doc: "computes x *= a.", emit: func(e *emitter) {
		x, n, a := e.slice("x"), e.length("x"), e.scalar("a")
		e.loop(n, 4, func(i reg.GPVirtual, j int) {
			u := e.load(x, i, j)
			e.VMULPS(a, u, u)
			e.store(u, x, i, j)
		})
	}},
	{name: "maxAbs", params: "x []float32", result: "float32", doc: "is the largest |x|, NaN passed over.", emit: func(e *emitter) {
		x, n, abs := e.slice("x"), e.length("x"), e.bits(math.MaxInt32)
		acc := []reg.VecVirtual{e.zero(), e.zero(), e.zero(), e.zero()}
		e.loop(n, 4, func(i reg.GPVirtual, j int) {
			t := e.load(x, i, j)
			e.and(abs, t)
			e.max(t, acc[j], acc[j])
		})
		e.Store(e.fold(acc, e.max), e.ReturnIndex(0))
	}},
	{name: "argMax", params: "x []float32", result: "int", doc: "is the index of the first maximum; x is not empty.", emit: emitArgMax},
}

// emitArgMax finds the maximum, and then the first index where it stands.
func emitArgMax(e *emitter) {
	x, n := e.slice("x"), e.length("x")
	acc := e.accumulators(4, e.float(math.Inf(-1)))
	e.loop(n, 4, func(i reg.GPVirtual, j int) { e.maxInto(acc[j], e.load(x, i, j)) })
	best := e.vec()
	e.VBROADCASTSS(e.fold(acc, e.max), best)

	n2 := e.length("x")
	at, base := e.GP64(), e.GP64()
	found, end := e.label("found"), e.label("none")
	e.loop(n2, 1, func(i reg.GPVirtual, j int) {
		t, hits := e.load(x, i, j), e.GP32()
		if e.wide() {
			k := e.K()
			if e.mask == nil {
				e.VCMPPS(operand.U8(0), best, t, k)
			} else {
				e.VCMPPS(operand.U8(0), best, t, e.mask, k)
			}
			e.KMOVW(k, hits)
		} else {
			e.VCMPPS(operand.U8(0), best, t, t)
			e.keep(t)
			e.VMOVMSKPS(t, hits)
		}
		e.MOVQ(i, base)
		e.BSFL(hits, at.As32())
		e.JNE(operand.LabelRef(found))
	})
	e.XORQ(at, at) // nothing but NaN
	e.XORQ(base, base)
	e.JMP(operand.LabelRef(end))
	e.Label(found)
	e.Label(end)
	e.ADDQ(base, at)
	e.Store(at, e.ReturnIndex(0))
}
