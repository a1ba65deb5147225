package main

import (
	"math"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// What attention in class bf16-pair does between its products, for one row of scores: 16 at a time on both instruction sets, so that sums and maxima
// have the same order and all steps the same bits.
var headKernels = []kernel{
	{name: "rowShares", params: "p *uint16, s *float32, n int, scale float32, stats *float32",
		doc: "makes n ≥ 1 scores into shares 2^(scale·s − high) in bf16, up to the next 16 with zeros; stats are high, the maximum of scale·s, and the shares' sum.", emit: emitRowShares},
	{name: "rowGrads", params: "p, ds *uint16, s, dp *float32, n int, scale2, shift, scale, mean float32",
		doc: "computes P = 2^(scale2·s − shift) and dS = P·(scale·dp − mean) in bf16, of n ≥ 1 scores, up to the next 16 with zeros.", emit: emitRowGrads},
}

// sixteenth is a row of 16 values in one or two registers.
type sixteenth []reg.VecVirtual

func (e *emitter) parts() int { return 16 / e.lanes }

func (e *emitter) each16(value func(h int) reg.VecVirtual) (x sixteenth) {
	for h := range e.parts() {
		x = append(x, value(h))
	}
	return x
}

func (e *emitter) at16(base reg.GPVirtual, h int) operand.Mem {
	return operand.Mem{Base: base, Disp: 4 * e.lanes * h}
}

func (e *emitter) load16(base reg.GPVirtual) sixteenth {
	return e.each16(func(h int) reg.VecVirtual { return e.own(e.at16(base, h)) })
}

// rows16 runs body for each whole group of 16, and for the rest with the masks of the values that count. Both leave the pointers behind the group.
func (e *emitter) rows16(n reg.GPVirtual, body func(masks []reg.Register)) {
	whole, rest, end := e.GP64(), e.GP64(), e.label("end")
	e.MOVQ(n, whole)
	e.SHRQ(operand.U8(4), whole)
	e.countdown(whole, func() { body(nil) })
	e.MOVQ(n, rest)
	e.ANDQ(operand.U32(15), rest)
	e.JE(operand.LabelRef(end))
	masks := e.columnMasks(rest)
	body(masks[:e.parts()])
	e.Label(end)
}

// zeroed clears the values that do not count.
func (e *emitter) zeroed(x sixteenth, masks []reg.Register) {
	for h, m := range masks {
		if e.wide() {
			e.VMOVAPS_Z(x[h], m, x[h])
		} else {
			e.VANDPS(m, x[h], x[h])
		}
	}
}

// store16 rounds to bf16.
func (e *emitter) store16(x sixteenth, c bf16Constants, to reg.GPVirtual) {
	var t sixteenth
	for _, r := range x {
		t = append(t, e.roundNoNaN(r, c))
		e.VPSRLD(operand.U8(16), t[len(t)-1], t[len(t)-1])
	}
	if e.wide() {
		e.VPMOVDW(t[0], operand.Mem{Base: to})
		return
	}
	e.VPACKUSDW(t[1], t[0], t[0])
	e.VPERMQ(operand.U8(0xd8), t[0], t[0])
	e.VMOVDQU(t[0], operand.Mem{Base: to})
}

// powers are the constants of power.
type powers struct {
	lowest, magic operand.Op
	terms         []operand.Op
}

func (e *emitter) powers() powers {
	p := powers{lowest: e.float(-125), magic: e.float(3 << 22)}
	// A minimax polynomial of 2^f on [−½, ½], the highest term first: it errs by 7.5e-8.
	for _, c := range []float64{0.0013276471992533978, 0.009675541334453752, 0.055507132734978495, 0.24022119723839974, 0.6931469670647609, 1.0000000716546849} {
		p.terms = append(p.terms, e.float(c))
	}
	return p
}

// power makes t into 2^t, for t below 128, and 2^−125 for what is less: no result is subnormal. Adding 1.5·2^23 rounds to a whole number, whose lowest
// bits then stand in the sum's.
func (e *emitter) power(t reg.VecVirtual, c powers) reg.VecVirtual {
	z, n, p := e.vec(), e.vec(), e.own(c.terms[0])
	e.VMAXPS(t, e.reg(c.lowest), t) // takes t where it is NaN
	e.VADDPS(c.magic, t, z)
	e.VSUBPS(c.magic, z, n)
	e.VSUBPS(n, t, t)
	for _, term := range c.terms[1:] {
		e.VFMADD213PS(term, t, p)
	}
	e.VPSLLD(operand.U8(23), z, z)
	e.VPADDD(z, p, p)
	return p
}

func emitRowShares(e *emitter) {
	n := e.arg("n")
	lowest := e.float(math.Inf(-1))
	highest := sixteenth(e.accumulators(e.parts(), lowest))
	s := e.arg("s")
	e.rows16(n, func(masks []reg.Register) {
		for h, r := range highest {
			switch m := e.at16(s, h); {
			case masks == nil:
				e.VMAXPS(m, r, r)
			case e.wide():
				e.VMAXPS(m, r, masks[h], r)
			default:
				x := e.own(lowest)
				e.VBLENDVPS(masks[h], m, x, x)
				e.VMAXPS(x, r, r)
			}
		}
		e.ADDQ(operand.U32(64), s)
	})
	stats, high, scale := e.arg("stats"), e.vec(), e.scalar("scale")
	e.VBROADCASTSS(e.fold(highest, e.max), high)
	e.VMULPS(scale, high, high)
	e.VMOVSS(high.AsX(), operand.Mem{Base: stats})

	sum := e.each16(func(int) reg.VecVirtual { return e.zero() })
	c, round := e.powers(), e.bf16Constants()
	p, at := e.arg("p"), e.arg("s")
	e.rows16(n, func(masks []reg.Register) {
		x := e.load16(at)
		for h, t := range x {
			e.VFMSUB213PS(high, scale, t)
			x[h] = e.power(t, c)
		}
		e.zeroed(x, masks)
		for h, r := range x {
			e.VADDPS(r, sum[h], sum[h])
		}
		e.store16(x, round, p)
		e.ADDQ(operand.U32(64), at)
		e.ADDQ(operand.U32(32), p)
	})
	e.VMOVSS(e.fold(sum, e.add), operand.Mem{Base: stats, Disp: 4})
}

func emitRowGrads(e *emitter) {
	p, ds, s, dp, n := e.arg("p"), e.arg("ds"), e.arg("s"), e.arg("dp"), e.arg("n")
	scalars := map[string]operand.Op{}
	for _, name := range []string{"scale2", "shift", "scale", "mean"} {
		r := e.scalar(name)
		if scalars[name] = r; e.wide() {
			continue
		}
		room := e.AllocLocal(32) // AVX2 has too few registers
		e.VMOVUPS(r, room)
		scalars[name] = room
	}
	c, round := e.powers(), e.bf16Constants()
	e.rows16(n, func(masks []reg.Register) {
		x := e.load16(s)
		for h, t := range x {
			e.VFMSUB213PS(scalars["shift"], e.reg(scalars["scale2"]), t)
			x[h] = e.power(t, c)
		}
		e.zeroed(x, masks)
		e.store16(x, round, p)
		g := e.load16(dp)
		for h, d := range g {
			e.VFMSUB213PS(scalars["mean"], e.reg(scalars["scale"]), d)
			e.VMULPS(x[h], d, d)
		}
		e.zeroed(g, masks)
		e.store16(g, round, ds)
		for _, r := range []reg.GPVirtual{s, dp} {
			e.ADDQ(operand.U32(64), r)
		}
		for _, r := range []reg.GPVirtual{p, ds} {
			e.ADDQ(operand.U32(32), r)
		}
	})
}
