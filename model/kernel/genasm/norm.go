package main

import "github.com/mmcloughlin/avo/reg"

var normKernels = []kernel{
	{name: "normScale", params: "dst, x, w []float32, rstd float32", doc: "computes dst = x·rstd·w.", emit: func(e *emitter) {
		dst, x, w, n, rstd := e.slice("dst"), e.slice("x"), e.slice("w"), e.length("x"), e.scalar("rstd")
		e.loop(n, 4, func(i reg.GPVirtual, j int) {
			u, v := e.load(x, i, j), e.load(w, i, j)
			e.VMULPS(rstd, u, u)
			e.VMULPS(v, u, u)
			e.store(u, dst, i, j)
		})
	}},
	{name: "normScaleBF16", params: "dst []uint16, x, w []float32, rstd float32", doc: "computes dst = x·rstd·w, rounded to bf16.", emit: func(e *emitter) {
		dst, x, w, n, rstd := e.slice("dst"), e.slice("x"), e.slice("w"), e.length("x"), e.scalar("rstd")
		k := e.bf16Constants()
		e.loop(n, 4, func(i reg.GPVirtual, j int) {
			u, v := e.load(x, i, j), e.load(w, i, j)
			e.VMULPS(rstd, u, u)
			e.VMULPS(v, u, u)
			e.storeBF16(u, k, dst, i, j)
		})
	}},
	{name: "normGrad", params: "dx, dw, dy, x, w []float32, rstd, coef float32", doc: "computes dx += rstd·w·dy − coef·x and dw += dy·x·rstd.", emit: func(e *emitter) {
		dx, dw, dy, x, w, n := e.slice("dx"), e.slice("dw"), e.slice("dy"), e.slice("x"), e.slice("w"), e.length("x")
		rstd, coef := e.scalar("rstd"), e.scalar("coef")
		e.loop(n, 2, func(i reg.GPVirtual, j int) {
			d, v, g := e.load(dy, i, j), e.load(x, i, j), e.load(dx, i, j)
			e.VMULPS(rstd, d, d)
			u := e.load(w, i, j)
			e.VFMADD231PS(u, d, g)
			e.VFNMADD231PS(coef, v, g)
			e.store(g, dx, i, j)
			h := e.load(dw, i, j)
			e.VFMADD231PS(d, v, h)
			e.store(h, dw, i, j)
		})
	}},
}
