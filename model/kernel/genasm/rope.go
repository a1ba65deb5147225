package main

import "github.com/mmcloughlin/avo/reg"

var ropeKernels = []kernel{
	ropeKernel("rope", "y1, y2, x1, x2, cos, sin *float32, n int", "computes y1 = x1·cos − x2·sin, y2 = x2·cos + x1·sin.", false, false),
	ropeKernel("ropeBF16", "y1, y2, x1, x2 *uint16, cos, sin *float32, n int", "is rope from bf16 to bf16.", true, true),
	ropeKernel("ropeToBF16", "y1, y2 *uint16, x1, x2, cos, sin *float32, n int", "is rope to bf16.", false, true),
}

func ropeKernel(name, params, doc string, from, to bool) kernel {
	return kernel{name: name, params: params, doc: doc, emit: func(e *emitter) {
		y1, y2, x1, x2, cos, sin, n := e.arg("y1"), e.arg("y2"), e.arg("x1"), e.arg("x2"), e.arg("cos"), e.arg("sin"), e.arg("n")
		load, store := e.load, e.store
		if from {
			load = e.loadBF16
		}
		if to {
			k := e.bf16Constants()
			store = func(r reg.VecVirtual, base, i reg.GPVirtual, j int) { e.storeBF16(r, k, base, i, j) }
		}
		e.loop(n, 1, func(i reg.GPVirtual, j int) {
			a, b, c, s := load(x1, i, j), load(x2, i, j), e.load(cos, i, j), e.load(sin, i, j)
			first, second := e.vec(), e.vec()
			e.VMULPS(s, b, first)
			e.VFMSUB231PS(c, a, first) // a·c − b·s
			e.VMULPS(s, a, second)
			e.VFMADD231PS(c, b, second)
			store(first, y1, i, j)
			store(second, y2, i, j)
		})
	}}
}
