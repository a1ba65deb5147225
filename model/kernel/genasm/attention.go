package main

import (
	"math"

	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/ir"
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
		doc: "turns rows of 64 elements back by the positions of cos and sin, and rounds them to bf16; ldd is in bytes.", emit: func(e *emitter) {
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
		doc: "turns heads of 64 elements, side by side, by one position: ropeBF16 for each.", emit: emitRotate},
	{name: "transpose16", params: "dst, src *float32, ldd, lds int", only: []isa{avx512},
		doc: "transposes 16 by 16 elements; strides are in bytes.", emit: func(e *emitter) {
			dst, src := e.Load(e.Param("dst"), e.GP64()).(reg.GPVirtual), e.Load(e.Param("src"), e.GP64()).(reg.GPVirtual)
			ldd, lds := e.Load(e.Param("ldd"), e.GP64()).(reg.GPVirtual), e.Load(e.Param("lds"), e.GP64()).(reg.GPVirtual)
			e.transposeRows(src, lds, func(_ int, r reg.VecVirtual) {
				e.VMOVDQU32(r, operand.Mem{Base: dst})
				e.ADDQ(ldd, dst)
			})
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

// coded emits the bytes of an instruction with the registers that it reads and writes.
func (e *emitter) coded(in, out []operand.Op, code ...byte) {
	for i, b := range code {
		one := &ir.Instruction{Opcode: "BYTE", Operands: []operand.Op{operand.U8(b)}}
		if i == 0 {
			one.Inputs = in
		}
		if i == len(code)-1 {
			one.Outputs = out
		}
		e.Instruction(one)
	}
}

// convertPair encodes VCVTNE2PS2BF16: to = lower rounded to bf16, and upper above it.
func (e *emitter) convertPair(lower, upper, to reg.VecPhysical) {
	l, u, t := byte(lower.PhysicalIndex()), byte(upper.PhysicalIndex()), byte(to.PhysicalIndex())
	e.coded([]operand.Op{lower, upper}, []operand.Op{to},
		0x62, (^t&8)<<4|(^l&16)<<2|(^l&8)<<2|(^t&16)|2, (^u&15)<<3|7, 0x40|(^u&16)>>1, 0x72, 0xc0|t&7<<3|l&7)
}

// tileMove is tile that says what it reads.
func (e *emitter) tileMove(prefix byte, t int, base, stride reg.GPPhysical, disp int) {
	b, x := byte(base.PhysicalIndex()), byte(stride.PhysicalIndex())
	e.coded([]operand.Op{base, stride}, nil, 0xc4, 0xe2^x>>3<<6^b>>3<<5, prefix, 0x4b, 0x84|byte(t)<<3, x&7<<3|b&7,
		byte(disp), byte(disp>>8), byte(disp>>16), byte(disp>>24))
}

// tileZero encodes TILEZERO, startTiles and endTiles LDTILECFG and TILERELEASE.
func (e *emitter) tileZero(t int) { e.raw(0xc4, 0xe2, 0x7b, 0x49, 0xc0|byte(t)<<3) }

func (e *emitter) startTiles() {
	e.LEAQ(e.tileConfig(), reg.RAX)
	e.coded([]operand.Op{reg.RAX}, nil, 0xc4, 0xe2, 0x78, 0x49, 0x00)
}

func (e *emitter) endTiles() { e.raw(0xc4, 0xe2, 0x78, 0x49, 0xc0) }

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

// emitAttnGrad goes by 32 rows, and in these by panels of 32 keys: both products of a panel are on the tiles while the panel before is made into
// P and dS, by pairs of rows. P and dS are right operands of products over the queries, so they go into panels of 32 columns with terms in
// pairs; dS is a left operand of a product over the keys as well, and goes into rows.
func emitAttnGrad(e *emitter) {
	keys, across, ld := e.arg("first"), e.arg("ds"), e.GP64()
	e.LEAQ(operand.Mem{Base: keys, Index: keys, Scale: 1, Disp: 128}, ld) // a row of dS in bytes
	scale2, scale, terms := e.scalar("scale2"), e.scalar("scale"), e.exp2Constants()
	pairs, two := e.pairOfHalves(), e.own(e.bits(2))
	var slots [5]operand.Mem
	for i, name := range []string{"q", "do", "p", "rows", "stats"} {
		slots[i] = e.AllocLocal(8)
		v := e.arg(name)
		if name == "p" {
			e.SUBQ(v, across) // from a place of P to that of dS
		}
		e.MOVQ(v, slots[i])
	}
	qSlot, doSlot, pSlot, rowSlot, statSlot := slots[0], slots[1], slots[2], slots[3], slots[4]
	seenSlot, firstSeen, half := e.AllocLocal(8), e.own(e.bits(1)), e.label("half")
	scratch, both := e.arg("scratch"), e.AllocLocal(8)
	e.LEAQ(operand.Mem{Base: scratch, Index: scratch, Scale: 1, Disp: 8192}, scratch)
	e.MOVQ(scratch, both)
	e.startTiles()
	e.MOVQ(operand.U32(0), seenSlot)
	e.Label(half)
	room, panel := e.arg("scratch"), e.GP64()
	e.XORQ(panel, panel)
	// products leaves the scores of a panel in the room, and dP 4096 bytes behind.
	products := func() {
		e.MOVQ(operand.U32(64), reg.RBX)
		e.MOVQ(operand.U32(128), reg.RDX)
		for i, side := range []struct {
			rows    operand.Mem
			ld, key string
		}{{qSlot, "ldq", "kT"}, {doSlot, "lddo", "vT"}} {
			for t := range 4 {
				e.tileZero(t)
			}
			low, high, right := reg.RAX, reg.RCX, reg.RSI
			e.MOVQ(side.rows, low)
			e.Load(e.Param(side.ld), reg.RDI)
			e.LEAQ(operand.Mem{Base: low, Index: reg.RDI, Scale: 8}, high)
			e.LEAQ(operand.Mem{Base: high, Index: reg.RDI, Scale: 8}, high)
			e.Load(e.Param(side.key), right)
			e.ADDQ(panel, right)
			for step := range 2 {
				e.tileMove(tileLoad, tileA, low, reg.RDI, 64*step)
				e.tileMove(tileLoad, tileB, right, reg.RBX, 2048*step)
				e.product(0, tileA, tileB)
				e.tileMove(tileLoad, tileB+1, right, reg.RBX, 2048*step+1024)
				e.product(1, tileA, tileB+1)
				e.tileMove(tileLoad, tileA+1, high, reg.RDI, 64*step)
				e.product(2, tileA+1, tileB)
				e.product(3, tileA+1, tileB+1)
			}
			e.MOVQ(room, low)
			for t := range 4 {
				e.tileMove(tileStore, t, low, reg.RDX, 4096*i+t/2*2048+t%2*64)
			}
		}
	}
	// exchange turns from one half of the scratch to the other.
	exchange := func() {
		other := e.GP64()
		e.MOVQ(both, other)
		e.SUBQ(room, other)
		e.MOVQ(other, room)
	}
	place, row := e.GP64(), e.GP64()
	e.MOVQ(pSlot, place)
	e.MOVQ(rowSlot, row)
	// shares makes the panel in the room into P and dS; masked is the panel's number in the masked block, or −1.
	shares := func(masked int) {
		scores, at, to, stats, left := e.GP64(), e.GP64(), e.GP64(), e.GP64(), e.GP64()
		e.MOVQ(room, scores)
		e.MOVQ(place, at)
		e.MOVQ(row, to)
		e.MOVQ(statSlot, stats)
		var seen [2]reg.VecVirtual
		if masked >= 0 {
			seen[0], seen[1] = e.own(firstSeen), e.own(firstSeen)
			e.VPADDD(e.own(e.bits(1)), seen[1], seen[1])
		}
		e.MOVQ(operand.U32(16), left)
		top := e.label("pair")
		e.Label(top)
		var shift, mean [2]reg.VecVirtual
		for i := range 2 {
			shift[i] = e.broadcast(operand.Mem{Base: stats, Disp: 4 * i})
			mean[i] = e.broadcast(operand.Mem{Base: stats, Disp: 256 + 4*i})
		}
		for j := range 2 {
			p, g := []reg.VecPhysical{reg.Z0, reg.Z1}, []reg.VecPhysical{reg.Z3, reg.Z4}
			for i := range 2 {
				t, d := e.ZMM(), e.ZMM()
				e.VMOVUPS(operand.Mem{Base: scores, Disp: 128*i + 64*j}, t)
				e.VFMSUB213PS(shift[i], scale2, t)
				e.exp2(t, terms, p[i])
				e.VMOVUPS(operand.Mem{Base: scores, Disp: 4096 + 128*i + 64*j}, d)
				e.VFMSUB213PS(mean[i], scale, d)
				if masked >= 0 {
					k := e.seen(seen[i], 2*masked+j)
					e.VMOVAPS_Z(p[i], k, p[i])
					e.VMULPS_Z(p[i], d, k, g[i])
				} else {
					e.VMULPS(p[i], d, g[i])
				}
			}
			e.convertPair(reg.Z0, reg.Z1, reg.Z2)
			e.convertPair(reg.Z3, reg.Z4, reg.Z5)
			e.VMOVDQU(reg.Y5, operand.Mem{Base: to, Disp: 32 * j})
			e.VEXTRACTI64X4(operand.U8(1), reg.Z5, operand.Mem{Base: to, Index: ld, Scale: 1, Disp: 32 * j})
			e.VPERMW(reg.Z2, pairs, reg.Z2)
			e.VPERMW(reg.Z5, pairs, reg.Z5)
			e.VMOVDQU64(reg.Z2, operand.Mem{Base: at, Disp: 1024 * j})
			e.VMOVDQU64(reg.Z5, operand.Mem{Base: at, Index: across, Scale: 1, Disp: 1024 * j})
		}
		for i := range seen {
			if masked >= 0 {
				e.VPADDD(two, seen[i], seen[i])
			}
		}
		e.ADDQ(operand.U32(256), scores)
		e.ADDQ(operand.U32(64), at)
		e.LEAQ(operand.Mem{Base: to, Index: ld, Scale: 2}, to)
		e.ADDQ(operand.U32(8), stats)
		e.DECQ(left)
		e.JNE(operand.LabelRef(top))
		e.ADDQ(operand.U32(4096), place)
		e.ADDQ(operand.U32(64), row)
	}
	next := func() {
		exchange()
		e.ADDQ(operand.U32(4096), panel)
		products()
		exchange()
	}
	products()
	whole, unmasked, last := e.arg("first"), e.label("panel"), e.label("last")
	e.SHLQ(operand.U8(7), whole) // 4096 bytes of a panel of 32 keys
	e.Label(unmasked)
	e.CMPQ(panel, whole)
	e.JEQ(operand.LabelRef(last))
	next()
	shares(-1)
	exchange()
	e.JMP(operand.LabelRef(unmasked))
	e.Label(last)
	next()
	shares(0)
	exchange()
	shares(1)

	end := e.label("end")
	e.CMPQ(seenSlot, operand.U8(0))
	e.JNE(operand.LabelRef(end))
	e.MOVQ(operand.U32(1), seenSlot)
	e.VPADDD(e.own(e.bits(32)), firstSeen, firstSeen)
	for _, side := range []struct {
		slot operand.Mem
		ld   string
	}{{qSlot, "ldq"}, {doSlot, "lddo"}} {
		jump := e.arg(side.ld)
		e.SHLQ(operand.U8(5), jump)
		e.ADDQ(jump, side.slot)
	}
	jump := e.GP64()
	e.MOVQ(ld, jump)
	e.SHLQ(operand.U8(5), jump)
	e.ADDQ(jump, rowSlot)
	e.ADDQ(operand.U32(2048), pSlot)
	e.ADDQ(operand.U32(128), statSlot)
	e.JMP(operand.LabelRef(half))
	e.Label(end)
	e.endTiles()
}

const productParams = "c *float32, a, b *uint16, ldc, panelC, lda, stepA, halfA, stripA, panelB, steps, panels, strips int"

// attnProduct takes its sums from C and leaves them there without a detour: C is small enough to stay near. A panel of B serves all strips.
func (e *emitter) attnProduct(plus bool) {
	a, b, c, ldc, lda, stepA, left := reg.RAX, reg.RBX, reg.RCX, reg.RDX, reg.RSI, reg.RDI, reg.R8
	side, halfA, at, panels, strips, low := reg.R9, reg.R10, reg.R11, reg.R12, reg.R13, reg.R15
	e.startTiles()
	for _, p := range []struct {
		name string
		r    reg.Register
	}{{"ldc", ldc}, {"lda", lda}, {"stepA", stepA}, {"halfA", halfA}, {"panels", panels}} {
		e.Load(e.Param(p.name), p.r)
	}
	e.MOVQ(operand.U32(64), side)
	cPanel, bPanel := e.AllocLocal(8), e.AllocLocal(8)
	e.Load(e.Param("c"), c)
	e.MOVQ(c, cPanel)
	e.Load(e.Param("b"), b)
	e.MOVQ(b, bPanel)
	panel, strip, step := e.label("panel"), e.label("strip"), e.label("step")
	e.Label(panel)
	e.Load(e.Param("a"), low)
	e.MOVQ(cPanel, c)
	e.Load(e.Param("strips"), strips)
	e.Label(strip)
	// c is the upper half's place from here on, at the lower one's.
	e.MOVQ(c, at)
	e.LEAQ(operand.Mem{Base: c, Index: ldc, Scale: 8}, c)
	e.LEAQ(operand.Mem{Base: c, Index: ldc, Scale: 8}, c)
	for t, base := range []reg.GPPhysical{at, at, c, c} {
		if plus {
			e.tileMove(tileLoad, t, base, ldc, 64*(t%2))
		} else {
			e.tileZero(t)
		}
	}
	e.MOVQ(low, a)
	e.MOVQ(bPanel, b)
	e.Load(e.Param("steps"), left)
	e.Label(step)
	e.tileMove(tileLoad, tileA, a, lda, 0)
	e.tileMove(tileLoad, tileB, b, side, 0)
	e.product(0, tileA, tileB)
	e.tileMove(tileLoad, tileB+1, b, side, 1024)
	e.product(1, tileA, tileB+1)
	e.MOVQ(a, reg.R14)
	e.ADDQ(halfA, reg.R14)
	e.tileMove(tileLoad, tileA+1, reg.R14, lda, 0)
	e.product(2, tileA+1, tileB)
	e.product(3, tileA+1, tileB+1)
	e.ADDQ(stepA, a)
	e.ADDQ(operand.U32(2048), b)
	e.DECQ(left)
	e.JNE(operand.LabelRef(step))
	for t, base := range []reg.GPPhysical{at, at, c, c} {
		e.tileMove(tileStore, t, base, ldc, 64*(t%2))
	}
	e.LEAQ(operand.Mem{Base: c, Index: ldc, Scale: 8}, c)
	e.LEAQ(operand.Mem{Base: c, Index: ldc, Scale: 8}, c)
	e.Load(e.Param("stripA"), a)
	e.ADDQ(a, low)
	e.DECQ(strips)
	e.JNE(operand.LabelRef(strip))
	e.Load(e.Param("panelB"), a)
	e.ADDQ(a, bPanel)
	e.Load(e.Param("panelC"), a)
	e.ADDQ(a, cPanel)
	e.DECQ(panels)
	e.JNE(operand.LabelRef(panel))
	e.endTiles()
}

// pairOfHalves is the order of VPERMW that interleaves the words of the lower half of a register with those of the upper one.
func (e *emitter) pairOfHalves() reg.VecVirtual {
	return e.indices("pairOfHalves", func(i int) uint32 { return uint32(i | (16+i)<<16) })
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
