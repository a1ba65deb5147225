package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

var adamKernels = []kernel{
	{name: "adamW", params: "w, m, v, g []float32, c *float32", doc: "does one step of AdamW.", emit: func(e *emitter) {
		w, m, v, g, n := e.slice("w"), e.slice("m"), e.slice("v"), e.slice("g"), e.length("g")
		c := e.Load(e.Param("c"), e.GP64())
		var k [9]reg.VecVirtual // the fields of the kernel's adamCoef
		for f := range k {
			k[f] = e.broadcast(operand.Mem{Base: c, Disp: 4 * f})
		}
		gscale, keep, beta1, rest1, beta2, rest2, root, eps, step := k[0], k[1], k[2], k[3], k[4], k[5], k[6], k[7], k[8]
		e.loop(n, 1, func(i reg.GPVirtual, j int) {
			gi, mi, vi := e.load(g, i, j), e.load(m, i, j), e.load(v, i, j)
			e.VMULPS(gscale, gi, gi)
			e.VMULPS(beta1, mi, mi)
			e.VFMADD231PS(rest1, gi, mi)
			e.store(mi, m, i, j)
			e.VMULPS(beta2, vi, vi)
			t := e.vec()
			e.VMULPS(rest2, gi, t)
			e.VFMADD231PS(t, gi, vi)
			e.store(vi, v, i, j)
			e.VSQRTPS(vi, vi)
			e.VFMADD213PS(eps, root, vi) // √v·root + eps
			e.VMULPS(step, mi, mi)
			e.VDIVPS(vi, mi, mi)
			wi := e.load(w, i, j)
			e.VFMSUB213PS(mi, keep, wi) // w·keep − update
			e.store(wi, w, i, j)
		})
	}},
}
