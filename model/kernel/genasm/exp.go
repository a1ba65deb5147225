package main

import (
	"math"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

var expKernels = []kernel{
	{name: "expAffine", params: "dst, x []float32, scale, shift, mul float32", doc: "computes dst = exp(scale·x − shift)·mul.", emit: func(e *emitter) {
		dst, x, n := e.slice("dst"), e.slice("x"), e.length("x")
		scale, shift, mul, k := e.scalar("scale"), e.scalar("shift"), e.scalar("mul"), e.expConstants()
		e.loop(n, 2, func(i reg.GPVirtual, j int) {
			t := e.load(x, i, j)
			e.VFMSUB213PS(shift, scale, t)
			t = e.exp(t, k)
			e.VMULPS(mul, t, t)
			e.store(t, dst, i, j)
		})
	}},
	{name: "expStoreSum", params: "x []float32, scale, shift float32", result: "float32",
		doc: "replaces x by exp(scale·x − shift) and returns the sum.", emit: func(e *emitter) { e.sumOfExp(true) }},
	{name: "expSum", params: "x []float32, shift float32", result: "float32",
		doc: "is the sum of exp(x − shift).", emit: func(e *emitter) { e.sumOfExp(false) }},
	{name: "softmaxGrad", params: "ds, p, dp []float32, dsum, scale float32", doc: "computes ds = p·(dp − dsum)·scale.", emit: func(e *emitter) {
		ds, p, dp, n := e.slice("ds"), e.slice("p"), e.slice("dp"), e.length("p")
		dsum, scale := e.scalar("dsum"), e.scalar("scale")
		e.loop(n, 4, func(i reg.GPVirtual, j int) {
			a, b := e.load(p, i, j), e.load(dp, i, j)
			e.VSUBPS(dsum, b, b)
			e.VMULPS(a, b, b)
			e.VMULPS(scale, b, b)
			e.store(b, ds, i, j)
		})
	}},
	{name: "scaledMax", params: "x []float32, scale float32", result: "float32",
		doc: "is the maximum of scale·x, NaN passed over.", emit: func(e *emitter) {
			x, n, scale := e.slice("x"), e.length("x"), e.scalar("scale")
			acc := e.accumulators(4, e.float(math.Inf(-1)))
			e.loop(n, 4, func(i reg.GPVirtual, j int) {
				t := e.load(x, i, j)
				e.VMULPS(scale, t, t)
				e.maxInto(acc[j], t)
			})
			e.Store(e.fold(acc, e.max), e.ReturnIndex(0))
		}},
}

// sumOfExp emits expStoreSum and expSum. Two accumulators: more would not be faster, for the arithmetic of exp is the bound.
func (e *emitter) sumOfExp(keep bool) {
	x, n, shift := e.slice("x"), e.length("x"), e.scalar("shift")
	var scale reg.VecVirtual
	if keep {
		scale = e.scalar("scale")
	}
	k := e.expConstants()
	acc := e.sums(2)
	e.reduce(n, 2, func(i reg.GPVirtual, j int) {
		t := e.load(x, i, j)
		if keep {
			e.VFMSUB213PS(shift, scale, t)
		} else {
			e.VSUBPS(shift, t, t)
		}
		t = e.exp(t, k)
		if keep {
			e.store(t, x, i, j)
		}
		e.keep(t)
		e.VADDPS(t, acc[j], acc[j])
	})
	e.Store(e.fold(acc, e.add), e.ReturnIndex(0))
}

// maxInto takes t into the running maximum a, NaN passed over; lanes that do not count leave a alone.
func (e *emitter) maxInto(a, t reg.VecVirtual) {
	switch {
	case e.mask == nil:
		e.max(t, a, a)
	case e.wide():
		e.VMAXPS(a, t, e.mask, a)
	default:
		e.VBLENDVPS(e.mask, t, a, t)
		e.max(t, a, a)
	}
}

// expConstants are those of exp32 in model/kernel.
type expConstants struct {
	low, high, log2e, magic, ln2Hi, ln2Lo, c6, c5, c4, c3, c2, one, magicBits, bias operand.Op
}

func (e *emitter) expConstants() expConstants {
	k := expConstants{
		low: e.float(-104), high: e.float(89), log2e: e.float(math.Log2E),
		magic: e.float(3 << 22), ln2Hi: e.float(0.693359375), ln2Lo: e.float(-2.12194440e-4),
		c6: e.float(0.0013814611593261361), c5: e.float(0.008368710055947304), c4: e.float(0.04166838899254799),
		c3: e.float(0.1666652113199234), c2: e.float(0.4999999403953552), one: e.float(1),
	}
	if !e.wide() {
		k.magicBits, k.bias = e.bits(math.Float32bits(3<<22)), e.bits(127)
	}
	return k
}

// exp is e^t; t is used up. n = round(t·log₂e) comes from adding 1.5·2²³, which pushes the fraction out of the significand, and
// subtracting it again. The clamps are ordered so that a NaN comes through.
func (e *emitter) exp(t reg.VecVirtual, k expConstants) reg.VecVirtual {
	e.VMAXPS(t, e.reg(k.low), t)
	e.VMINPS(t, e.reg(k.high), t)
	shifted, n := e.own(k.magic), e.vec()
	e.VFMADD231PS(k.log2e, t, shifted)
	e.VSUBPS(k.magic, shifted, n)
	e.VFNMADD231PS(k.ln2Hi, n, t)
	e.VFNMADD231PS(k.ln2Lo, n, t)
	p := e.own(k.c6)
	for _, c := range []operand.Op{k.c5, k.c4, k.c3, k.c2, k.one, k.one} {
		e.VFMADD213PS(c, t, p)
	}
	if e.wide() {
		e.VSCALEFPS(n, p, p)
		return p
	}
	// 2^n in two halves: one alone would leave the exponent's range.
	half, rest := e.vec(), shifted
	e.VPSUBD(k.magicBits, shifted, rest)
	e.VPSRAD(operand.U8(1), rest, half)
	e.VPSUBD(half, rest, rest)
	for _, h := range []reg.VecVirtual{half, rest} {
		e.VPADDD(k.bias, h, h)
		e.VPSLLD(operand.U8(23), h, h)
		e.VMULPS(h, p, p)
	}
	return p
}
