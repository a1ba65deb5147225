package main

import (
	"math"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

var geluKernels = []kernel{
	{name: "gelu", params: "dst, x []float32", doc: "computes dst = x·Φ(x).", emit: func(e *emitter) {
		dst, x, n := e.slice("dst"), e.slice("x"), e.length("x")
		k, sign, far, slope := e.expConstants(), e.bits(math.MaxInt32), e.float(14), e.float(0.3275911/math.Sqrt2)
		zero, minusHalf := e.reg(e.float(0)), e.float(-0.5)
		var terms []operand.Op // half of those of erfc, see geluGo in model/kernel
		for _, c := range []float64{1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592} {
			terms = append(terms, e.float(c/2))
		}
		e.loop(n, 2, func(i reg.GPVirtual, j int) {
			v := e.load(x, i, j)
			a := e.own(v)
			e.and(sign, a)
			e.VMINPS(a, e.reg(far), a)
			d, t := e.own(k.one), e.own(k.one)
			e.VFMADD231PS(slope, a, d)
			e.VDIVPS(d, t, t)
			q := e.own(terms[0])
			for _, c := range terms[1:] {
				e.VFMADD213PS(c, t, q)
			}
			e.VMULPS(t, q, q)
			e.VMULPS(a, q, q)
			e.VMULPS(a, a, a)
			e.VMULPS(minusHalf, a, a)
			e.VMULPS(e.exp(a, k), q, q)
			e.VMAXPS(v, zero, v) // a NaN comes through
			e.VSUBPS(q, v, v)
			e.store(v, dst, i, j)
		})
	}},
}
