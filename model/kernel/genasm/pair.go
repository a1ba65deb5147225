package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Products of bf16 in class bf16-pair: for each pair of terms sum = fma(a0, b0, fma(a1, b1, sum)), subnormals taken for zero. VDPBF16PS does one pair of
// 16 columns at a time. Without it, terms are widened, which is exact, and multiplied by two fused steps with the MXCSR's flags DAZ and FTZ set.
var pairKernels = func() []kernel {
	var ks []kernel
	for _, rows := range []int{12, 8, 4, 2, 1} {
		ks = append(ks, pairTile("pairRows", rows, avx512, true))
	}
	for _, v := range []isa{avx512, avx2} {
		for _, rows := range []int{4, 2, 1} {
			ks = append(ks, pairTile("widePairRows", rows, v, false))
		}
		for _, rows := range []int{3, 1} {
			ks = append(ks, stepTile(rows, v))
		}
	}
	return append(ks,
		kernel{name: "packPairRows", params: packParams,
			doc: "packs 32 columns of B [K,N], rows ld bytes apart: [pairs of terms][columns][2]. A step is 32 terms.",
			emit: func(e *emitter) {
				p := e.packArguments()
				if !e.wide() {
					e.packLoop(p, 1, 32, func() { e.interleaveHalves(p) })
					return
				}
				words := e.pairWords()
				e.packLoop(p, 1, 32, func() { e.interleaveRows(words, p, p.dst, beside) })
			}},
		kernel{name: "packPairColumns", params: packParams, only: []isa{avx512},
			doc: "is packPairRows of B given as 32 rows of its transpose, ld bytes apart.",
			emit: func(e *emitter) {
				p := e.packArguments()
				e.packLoop(p, 1, 0, func() { e.transposeTiles(p.dst, p.src, p.ld, 2, beside) })
			}})
}()

// pairPanel is the distance of two pairs of terms in a panel, in bytes: 32 columns of a pair of words.
const pairPanel = 128

// pairAhead is how far ahead of its use a panel is asked for, in bytes: it may be in the third cache when the first rows pass by.
const pairAhead = 2048

// pairTile emits C [rows, n] = from + A·B, or A·B where from is nil, for one panel of B: two registers of columns. The pair p of row i of A stands
// ai·i + ak·p bytes after a. Every element is one chain of fused steps, whatever the number of rows.
func pairTile(name string, rows int, v isa, native bool) kernel {
	k := kernel{name: fmt.Sprintf("%s%d", name, rows), only: []isa{v},
		params: "c, from *float32, a, b *byte, pairs, n, ai, ak, ldc, ldfrom int",
		doc:    fmt.Sprintf("computes %d rows and n ≤ %d columns of a product in pairs of terms; strides are in bytes.", rows, 2*v.lanes)}
	if native {
		k.params = "c *byte, from *float32, a, b *byte, pairs, n, ai, ak, ldc, ldfrom int, round bool"
		k.doc += " With round, C is bf16. It requires AVX512_BF16."
	}
	k.emit = func(e *emitter) {
		var before operand.Mem
		if !native {
			before = e.flushSubnormals()
		}
		t := e.pairRegisters(rows, native)
		t.clear(e, t.acc)
		t.load(e, t.acc, e.arg("from"), e.arg("ldfrom"))
		t.terms(e, e.arg("a"), e.arg("b"), e.arg("pairs"))
		t.finish(e)
		if !native {
			e.LDMXCSR(before)
		}
	}
	return k
}

// stepTile emits C [rows, n] = from + Σ steps (Σ even terms + Σ odd terms), a step being 16 pairs of terms: the order of class bf16-tile. Arguments are
// those of pairTile, but for steps ≥ 1. Sums wait in C.
func stepTile(rows int, v isa) kernel {
	return kernel{name: fmt.Sprintf("stepRows%d", rows), only: []isa{v}, params: "c, from *float32, a, b *byte, steps, n, ai, ak, ldc, ldfrom int",
		doc: fmt.Sprintf("computes %d rows and n ≤ %d columns of a product in steps of 16 pairs, even and odd terms apart; strides are in bytes.", rows, 2*v.lanes),
		emit: func(e *emitter) {
			before := e.flushSubnormals()
			var slots [5]operand.Mem
			for i, name := range []string{"a", "b", "from", "ldfrom", "steps"} {
				slots[i] = e.AllocLocal(8)
				e.MOVQ(e.arg(name), slots[i])
			}
			left, step := slots[4], e.label("step")
			e.Label(step)
			t := e.pairRegisters(rows, false)
			t.even = e.pairRegisters(rows, false).acc
			t.clear(e, t.acc)
			t.clear(e, t.even)
			a, b, pairs := e.GP64(), e.GP64(), e.GP64()
			e.MOVQ(slots[0], a)
			e.MOVQ(slots[1], b)
			e.MOVQ(operand.U32(16), pairs)
			a = t.terms(e, a, b, pairs)
			e.MOVQ(a, slots[0])
			e.MOVQ(b, slots[1])
			from, ldfrom := e.GP64(), e.GP64()
			e.MOVQ(slots[2], from)
			e.MOVQ(slots[3], ldfrom)
			t.join(e)
			t.clear(e, t.even)
			t.load(e, t.even, from, ldfrom)
			t.join(e)
			t.finish(e)
			e.MOVQ(e.arg("c"), slots[2])
			e.MOVQ(e.arg("ldc"), slots[3])
			e.DECQ(left)
			e.JNE(operand.LabelRef(step))
			e.LDMXCSR(before)
		}}
}

// join adds the even sums to acc.
func (t pairRegister) join(e *emitter) {
	for r, row := range t.acc {
		for h := range row {
			e.VADDPS(t.even[r][h], row[h], row[h])
		}
	}
}

// flushSubnormals sets DAZ and FTZ, and returns where the MXCSR as it was is kept.
func (e *emitter) flushSubnormals() (before operand.Mem) {
	before = e.AllocLocal(8)
	now, flags := e.AllocLocal(8), e.GP32()
	e.STMXCSR(before)
	e.MOVL(before, flags)
	e.ORL(operand.U32(0x8040), flags)
	e.MOVL(flags, now)
	e.LDMXCSR(now)
	return before
}

// pairRegister is a tile's registers.
type pairRegister struct {
	native bool
	acc    [][2]reg.Register
	even   [][2]reg.Register // sums of the even terms, where they have their own; else nil
	b      [2]reg.Register
	spare  []reg.Register // of what is broadcast, in turn
}

func (e *emitter) pairRegisters(rows int, native bool) (t pairRegister) {
	t.native, t.acc = native, make([][2]reg.Register, rows)
	next := 0
	another := func() reg.Register {
		if !native {
			return e.vec()
		}
		next++ // VDPBF16PS is encoded by hand: it takes physical registers
		return []reg.Register{
			reg.Z0, reg.Z1, reg.Z2, reg.Z3, reg.Z4, reg.Z5, reg.Z6, reg.Z7, reg.Z8, reg.Z9, reg.Z10, reg.Z11, reg.Z12, reg.Z13, reg.Z14, reg.Z15,
			reg.Z16, reg.Z17, reg.Z18, reg.Z19, reg.Z20, reg.Z21, reg.Z22, reg.Z23, reg.Z24, reg.Z25, reg.Z26, reg.Z27, reg.Z28, reg.Z29, reg.Z30, reg.Z31,
		}[next-1]
	}
	for r := range t.acc {
		t.acc[r] = [2]reg.Register{another(), another()}
	}
	if native {
		t.b = [2]reg.Register{another(), another()}
		for range 4 {
			t.spare = append(t.spare, another())
		}
	}
	return t
}

func (t pairRegister) clear(e *emitter, acc [][2]reg.Register) {
	for _, row := range acc {
		for _, r := range row {
			e.clear(r)
		}
	}
}

// load brings acc to what the sums start from, unless from is nil.
func (t pairRegister) load(e *emitter, acc [][2]reg.Register, from, ld reg.GPVirtual) {
	none := e.label("none")
	e.TESTQ(from, from)
	e.JE(operand.LabelRef(none))
	masks := e.columnMasks(e.arg("n"))
	if t.native { // the rows of the next tile
		next := e.GP64()
		e.IMUL3Q(operand.U8(len(acc)), ld, next)
		e.ADDQ(from, next)
		for range acc {
			e.PREFETCHT0(operand.Mem{Base: next})
			e.PREFETCHT0(operand.Mem{Base: next, Disp: 64})
			e.ADDQ(ld, next)
		}
	}
	for _, row := range acc {
		for h, r := range row {
			e.loadInto(r, operand.Mem{Base: from, Disp: 4 * e.lanes * h}, masks[h])
		}
		e.ADDQ(ld, from)
	}
	e.Label(none)
}

// terms adds up all pairs, moves b behind them, and returns where a stands then.
func (t pairRegister) terms(e *emitter, a, b, pairs reg.GPVirtual) reg.GPVirtual {
	ai, ak, ai3 := e.arg("ai"), e.arg("ak"), e.GP64()
	if len(t.acc) > 3 {
		e.LEAQ(operand.Mem{Base: ai, Index: ai, Scale: 2}, ai3)
	}
	groups := []reg.GPVirtual{a} // pointers to every fourth row of A
	for r := 4; r < len(t.acc); r += 4 {
		p := e.GP64()
		e.LEAQ(operand.Mem{Base: groups[r/4-1], Index: ai, Scale: 4}, p)
		groups = append(groups, p)
	}
	var upper operand.Op
	if !t.native {
		upper = e.bits(0xffff0000)
	}
	top := e.label("pairs")
	e.Label(top)
	right := [2]operand.Mem{{Base: b}, {Base: b, Disp: 4 * e.lanes}}
	left := func(r int) operand.Mem {
		m := operand.Mem{Base: groups[r/4]}
		switch r % 4 {
		case 1, 2:
			m.Index, m.Scale = ai, uint8(r%4)
		case 3:
			m.Index, m.Scale = ai3, 1
		}
		return m
	}
	widenOdd := func(x reg.VecVirtual) { e.and(upper, x) }
	widenEven := func(x reg.VecVirtual) { e.VPSLLD(operand.U8(16), x, x) }
	switch {
	case t.native:
		for h, m := range right {
			e.VMOVDQU32(m, t.b[h])
			m.Disp += pairAhead
			e.PREFETCHT0(m)
		}
		for r := range t.acc {
			x := t.spare[r%len(t.spare)]
			e.VPBROADCASTD(left(r), x)
			for h, sum := range t.acc[r] {
				e.dotPairs(x, t.b[h], sum)
			}
		}
	case t.even != nil: // odd terms first, then even ones, with the same registers
		for _, half := range []struct {
			sums  [][2]reg.Register
			widen func(x reg.VecVirtual)
		}{{t.acc, widenOdd}, {t.even, widenEven}} {
			y := [2]reg.VecVirtual{e.own(right[0]), e.own(right[1])}
			half.widen(y[0])
			half.widen(y[1])
			for r, sums := range half.sums {
				x := e.vec()
				e.VPBROADCASTD(left(r), x)
				half.widen(x)
				for h, sum := range sums {
					e.VFMADD231PS(x, y[h], sum)
				}
			}
		}
	default: // both terms of a row in turn
		var odd, even [2]reg.VecVirtual
		for h, m := range right {
			odd[h], even[h] = e.own(m), e.vec()
			e.VPSLLD(operand.U8(16), odd[h], even[h])
			widenOdd(odd[h])
		}
		for r, sums := range t.acc {
			x, y := e.vec(), e.vec()
			e.VPBROADCASTD(left(r), x)
			e.VPSLLD(operand.U8(16), x, y)
			widenOdd(x)
			for h, sum := range sums {
				e.VFMADD231PS(x, odd[h], sum)
			}
			for h, sum := range sums {
				e.VFMADD231PS(y, even[h], sum)
			}
		}
	}
	for _, p := range groups {
		e.ADDQ(ak, p)
	}
	e.ADDQ(operand.I32(pairPanel), b)
	e.DECQ(pairs)
	e.JNE(operand.LabelRef(top))
	return a
}

// finish writes C.
func (t pairRegister) finish(e *emitter) {
	n, ldc := e.arg("n"), e.arg("ldc")
	c, done := e.arg("c"), e.label("done")
	if t.native {
		whole, round := e.label("whole"), e.Load(e.Param("round"), e.GP8())
		e.TESTB(round, round)
		e.JE(operand.LabelRef(whole))
		ones, k := e.GP64(), e.K()
		e.MOVQ(operand.I32(-1), ones)
		e.BZHIQ(n, ones, ones)
		e.KMOVD(ones.As32(), k)
		for r, row := range t.acc {
			x := t.spare[r%len(t.spare)].(reg.VecPhysical)
			e.convertPair(row[0].(reg.VecPhysical), row[1].(reg.VecPhysical), x)
			e.VMOVDQU16(x, k, operand.Mem{Base: c})
			e.ADDQ(ldc, c)
		}
		e.JMP(operand.LabelRef(done))
		e.Label(whole)
	}
	if !e.wide() { // masked stores are slow
		masked := e.label("masked")
		e.CMPQ(n, operand.U8(2*e.lanes))
		e.JNE(operand.LabelRef(masked))
		for _, row := range t.acc {
			for h, r := range row {
				e.VMOVUPS(r, operand.Mem{Base: c, Disp: 4 * e.lanes * h})
			}
			e.ADDQ(ldc, c)
		}
		e.JMP(operand.LabelRef(done))
		e.Label(masked)
	}
	masks := e.columnMasks(n)
	for _, row := range t.acc {
		for h, r := range row {
			m := operand.Mem{Base: c, Disp: 4 * e.lanes * h}
			if e.wide() {
				e.VMOVUPS(r, masks[h], m)
			} else {
				e.VMASKMOVPS(r, masks[h], m)
			}
		}
		e.ADDQ(ldc, c)
	}
	e.Label(done)
}
