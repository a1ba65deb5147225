package main

import (
	"math"

	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// What attention does between its products on AMX tiles. Rows are queries, 64 of them, columns keys: first of them before the block, which
// all queries see, and the 64 of the block itself, of which row i sees i+1. So every row is some whole blocks of 64 columns and a masked one.
var attentionKernels = []kernel{
	{name: "attnShares", params: "p *uint16, s, high, sum *float32, first, seen, rows int, scale float32", only: []isa{avx512},
		doc: "makes scores, in panels of 32 columns of 32 rows, into rows of shares 2^(scale·s − high), high being the row's maximum of scale·s.", emit: emitAttnShares},
	{name: "attnGrad", params: "p, ds, rows, q, do, kT, vT *uint16, stats *float32, scratch *byte, ldq, lddo, first int, scale2, scale float32",
		only: []isa{amx},
		doc:  "computes P = 2^(scale2·q·kT − shift) and dS = P·(scale·do·vT − mean) for heads of 64, stats being shift and mean of 64 rows.", emit: emitAttnGrad},
	{name: "attnProduct", params: productParams, only: []isa{amx},
		doc: "computes strips of 32 rows of C = A·B, kept in the first cache; strides are in bytes.", emit: func(e *emitter) { e.attnProduct(false) }},
	{name: "attnProductPlus", params: productParams, only: []isa{amx},
		doc: "is attnProduct that adds to C.", emit: func(e *emitter) { e.attnProduct(true) }},
	{name: "rowDotsBF16", params: "dots []float32, x, y *uint16, n, ld int", only: []isa{avx512},
		doc: "are Σ x·y of rows of n elements, ld apart.", emit: emitRowDots},
	{name: "scaleRows64", params: "dst *uint16, src, a *float32, ldd, rows int", only: []isa{avx512},
		doc: "rounds rows of 64 elements to bf16, each multiplied with its a; ldd is in bytes.", emit: func(e *emitter) {
			dst, src, a, ldd := e.arg("dst"), e.arg("src"), e.arg("a"), e.arg("ldd")
			e.countdown(e.arg("rows"), func() {
				factor := e.broadcast(operand.Mem{Base: a})
				for h := range 2 {
					e.VMULPS(operand.Mem{Base: src, Disp: 128 * h}, factor, reg.Z0)
					e.VMULPS(operand.Mem{Base: src, Disp: 128*h + 64}, factor, reg.Z1)
					e.convertPair(reg.Z0, reg.Z1, reg.Z2)
					e.VMOVDQU64(reg.Z2, operand.Mem{Base: dst, Disp: 64 * h})
				}
				e.ADDQ(operand.U32(256), src)
				e.ADDQ(operand.U32(4), a)
				e.ADDQ(ldd, dst)
			})
		}},
	{name: "rotateBack64", params: "dst *uint16, src, cos, sin *float32, ldd, rows int", only: []isa{avx512},
		doc: "rotates rows of 64 elements back by the positions of cos and sin, and rounds them to bf16; ldd is in bytes.", emit: func(e *emitter) {
			dst, src, cos, sin, ldd := e.arg("dst"), e.arg("src"), e.arg("cos"), e.arg("sin"), e.arg("ldd")
			e.countdown(e.arg("rows"), func() {
				first, second := []reg.VecPhysical{reg.Z0, reg.Z1}, []reg.VecPhysical{reg.Z3, reg.Z4}
				for h := range 2 {
					a, b, c, s := e.ZMM(), e.ZMM(), e.ZMM(), e.ZMM()
					e.VMOVUPS(operand.Mem{Base: src, Disp: 64 * h}, a)
					e.VMOVUPS(operand.Mem{Base: src, Disp: 128 + 64*h}, b)
					e.VMOVUPS(operand.Mem{Base: cos, Disp: 64 * h}, c)
					e.VMOVUPS(operand.Mem{Base: sin, Disp: 64 * h}, s)
					e.VMULPS(s, b, first[h])
					e.VFMADD231PS(c, a, first[h]) // a·c + b·s
					e.VMULPS(s, a, second[h])
					e.VFMSUB231PS(c, b, second[h]) // b·c − a·s
				}
				e.convertPair(reg.Z0, reg.Z1, reg.Z2)
				e.convertPair(reg.Z3, reg.Z4, reg.Z5)
				e.VMOVDQU64(reg.Z2, operand.Mem{Base: dst})
				e.VMOVDQU64(reg.Z5, operand.Mem{Base: dst, Disp: 64})
				e.ADDQ(operand.U32(256), src)
				e.ADDQ(operand.U32(128), cos)
				e.ADDQ(operand.U32(128), sin)
				e.ADDQ(ldd, dst)
			})
		}},
	{name: "rotate64", params: "x *uint16, cos, sin *float32, heads int", only: []isa{avx512},
		doc: "rotates heads of 64 elements, side by side, by one position: ropeBF16 for each.", emit: emitRotate},
	{name: "transpose16", params: "dst, src *float32, ldd, lds int", only: []isa{avx512},
		doc: "transposes 16 by 16 elements; strides are in bytes.", emit: func(e *emitter) {
			dst, src := e.Load(e.Param("dst"), e.GP64()).(reg.GPVirtual), e.Load(e.Param("src"), e.GP64()).(reg.GPVirtual)
			ldd, lds := e.Load(e.Param("ldd"), e.GP64()).(reg.GPVirtual), e.Load(e.Param("lds"), e.GP64()).(reg.GPVirtual)
			rows := e.sixteenRows(src, lds)
			for q := range 4 {
				rows.columns(16*q, func(_ int, r reg.VecVirtual) {
					e.VMOVDQU32(r, operand.Mem{Base: dst})
					e.ADDQ(ldd, dst)
				})
			}
		}},
}

// blockVectors is the width of a block of keys, in registers of float32.
const blockVectors = 4

// scorePanel is the distance of panels of scores in bytes, one row more than they have: a row's parts must not lie in one set of the cache.
const scorePanel = 33 * 128

// exp2Constants are the terms of a minimax polynomial of 2^f on [0,1], lowest last: it errs by 2.6e-6, a thousandth of bf16's rounding.
func (e *emitter) exp2Constants() (terms []operand.Op) {
	for _, c := range []float64{0.01353416799594275, 0.05201146107597622, 0.24144275610790925, 0.6930038347882121, 1.0000025933415413} {
		terms = append(terms, e.float(c))
	}
	return terms
}

// exp2 leaves 2^t in to; t is used up. VSCALEFPS rounds its exponent down, so the polynomial takes t − ⌊t⌋.
func (e *emitter) exp2(t reg.VecVirtual, terms []operand.Op, to reg.Register) {
	f, p := e.ZMM(), e.own(terms[0])
	e.VREDUCEPS(operand.U8(9), t, f)
	for _, c := range terms[1:] {
		e.VFMADD213PS(c, f, p)
	}
	e.VSCALEFPS(t, p, to)
}

// columns is a table of 0 … 63.
func (e *emitter) columns(vector int) operand.Mem {
	const name = "columns"
	if !e.constants[name] {
		e.constants[name] = true
		e.StaticGlobal(name)
		e.DataAttributes(attr.RODATA | attr.NOPTR)
		for i := range 64 {
			e.AddDatum(4*i, operand.U32(i))
		}
	}
	return operand.NewDataAddr(operand.NewStaticSymbol(name), 64*vector)
}

// seen are the lanes of vector j of the masked block that a row with n keys in that block sees.
func (e *emitter) seen(n reg.Register, j int) reg.Register {
	k := e.K()
	e.VPCMPD(operand.U8(6), e.columns(j), n, k) // n > column
	return k
}

func (e *emitter) arg(name string) reg.GPVirtual {
	return e.Load(e.Param(name), e.GP64()).(reg.GPVirtual)
}

// countdown runs body n times, if at all.
func (e *emitter) countdown(n reg.GPVirtual, body func()) {
	top, done := e.label("count"), e.label("none")
	left := e.GP64()
	e.MOVQ(n, left)
	e.Label(top)
	e.TESTQ(left, left)
	e.JE(operand.LabelRef(done))
	body()
	e.DECQ(left)
	e.JMP(operand.LabelRef(top))
	e.Label(done)
}

func emitAttnShares(e *emitter) {
	p, s, high, sum, whole, rows := e.arg("p"), e.arg("s"), e.arg("high"), e.arg("sum"), e.arg("first"), e.arg("rows")
	e.SHRQ(operand.U8(6), whole)
	scale, terms := e.scalar("scale"), e.exp2Constants()
	lowest := e.float(math.Inf(-1))
	seen, one := e.ZMM(), e.own(e.bits(1))
	e.VPBROADCASTD(e.arg("seen").As32(), seen)
	scores := func(at reg.GPVirtual, j int) operand.Mem {
		return operand.Mem{Base: at, Disp: scorePanel*(j/2) + 64*(j%2)}
	}
	e.countdown(rows, func() {
		e.VPADDD(one, seen, seen) // row i sees i+1 keys of its own block
		masks := make([]reg.Register, blockVectors)
		for j := range masks {
			masks[j] = e.seen(seen, j)
		}
		highest, at := e.accumulators(blockVectors, lowest), e.GP64()
		e.MOVQ(s, at)
		e.countdown(whole, func() {
			for j, h := range highest {
				e.VMAXPS(scores(at, j), h, h)
			}
			e.ADDQ(operand.U32(2*scorePanel), at)
		})
		for j, h := range highest {
			e.VMAXPS(scores(at, j), h, masks[j], h)
		}
		m := e.ZMM()
		e.VBROADCASTSS(e.fold(highest, e.max), m)
		e.VMULPS(scale, m, m)
		e.VMOVSS(m.AsX(), operand.Mem{Base: high})

		e.MOVQ(s, at)
		total := []reg.VecVirtual{e.zero(), e.zero(), e.zero(), e.zero()}
		block := func(masked bool) {
			for j := 0; j < blockVectors; j += 2 {
				for i, to := range []reg.VecPhysical{reg.Z0, reg.Z1} {
					t := e.ZMM()
					e.VMOVUPS(scores(at, j+i), t)
					e.VFMSUB213PS(m, scale, t)
					e.exp2(t, terms, to)
					if masked {
						e.VMOVAPS_Z(to, masks[j+i], to)
					}
					e.VADDPS(to, total[j+i], total[j+i])
				}
				e.convertPair(reg.Z0, reg.Z1, reg.Z2)
				e.VMOVDQU64(reg.Z2, operand.Mem{Base: p, Disp: 32 * j})
			}
			e.ADDQ(operand.U32(2*scorePanel), at)
			e.ADDQ(operand.U32(128), p)
		}
		e.countdown(whole, func() { block(false) })
		block(true)
		e.VMOVSS(e.fold(total, e.add), operand.Mem{Base: sum})
		e.ADDQ(operand.U32(128), s)
		e.ADDQ(operand.U32(4), high)
		e.ADDQ(operand.U32(4), sum)
	})
}

func emitRotate(e *emitter) {
	x, cos, sin := e.arg("x"), e.arg("cos"), e.arg("sin")
	var c, s [2]reg.VecVirtual
	for h := range 2 {
		c[h], s[h] = e.ZMM(), e.ZMM()
		e.VMOVUPS(operand.Mem{Base: cos, Disp: 64 * h}, c[h])
		e.VMOVUPS(operand.Mem{Base: sin, Disp: 64 * h}, s[h])
	}
	e.countdown(e.arg("heads"), func() {
		first, second := []reg.VecPhysical{reg.Z0, reg.Z1}, []reg.VecPhysical{reg.Z3, reg.Z4}
		for h := range 2 {
			a, b := e.ZMM(), e.ZMM()
			for i, r := range []reg.VecVirtual{a, b} {
				e.VPMOVZXWD(operand.Mem{Base: x, Disp: 64*i + 32*h}, r)
				e.VPSLLD(operand.U8(16), r, r)
			}
			e.VMULPS(s[h], b, first[h])
			e.VFMSUB231PS(c[h], a, first[h]) // a·c − b·s
			e.VMULPS(s[h], a, second[h])
			e.VFMADD231PS(c[h], b, second[h])
		}
		e.convertPair(reg.Z0, reg.Z1, reg.Z2)
		e.convertPair(reg.Z3, reg.Z4, reg.Z5)
		e.VMOVDQU64(reg.Z2, operand.Mem{Base: x})
		e.VMOVDQU64(reg.Z5, operand.Mem{Base: x, Disp: 64})
		e.ADDQ(operand.U32(128), x)
	})
}

func emitRowDots(e *emitter) {
	dots, x, y, ld := e.slice("dots"), e.arg("x"), e.arg("y"), e.arg("ld")
	rows := e.length("dots")
	e.SHLQ(operand.U8(1), ld)
	upper := e.bits(0xffff0000)
	e.pairs = true
	e.countdown(rows, func() {
		n := e.arg("n")
		sums := []reg.VecVirtual{e.zero(), e.zero()}
		e.loop(n, 1, func(i reg.GPVirtual, j int) {
			x0, x1 := e.loadPair(x, i, j, upper)
			y0, y1 := e.loadPair(y, i, j, upper)
			e.VFMADD231PS(x0, y0, sums[0])
			e.VFMADD231PS(x1, y1, sums[1])
		})
		e.VMOVSS(e.fold(sums, e.add), operand.Mem{Base: dots})
		e.ADDQ(operand.U32(4), dots)
		e.ADDQ(ld, x)
		e.ADDQ(ld, y)
	})
}
