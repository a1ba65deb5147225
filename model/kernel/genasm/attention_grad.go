package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

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
			e.SUBQ(v, across) // from an element of P to that of dS
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
	// exchange goes from one half of the scratch to the other.
	exchange := func() {
		other := e.GP64()
		e.MOVQ(both, other)
		e.SUBQ(room, other)
		e.MOVQ(other, room)
	}
	column, row := e.GP64(), e.GP64()
	e.MOVQ(pSlot, column)
	e.MOVQ(rowSlot, row)
	// shares makes the panel in the room into P and dS; masked is the panel's number in the masked block, or −1.
	shares := func(masked int) {
		scores, at, to, stats, left := e.GP64(), e.GP64(), e.GP64(), e.GP64(), e.GP64()
		e.MOVQ(room, scores)
		e.MOVQ(column, at)
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
		e.ADDQ(operand.U32(4096), column)
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

// pairOfHalves is the order of VPERMW that interleaves the words of the lower half of a register with those of the upper one.
func (e *emitter) pairOfHalves() reg.VecVirtual {
	return e.indices("pairOfHalves", func(i int) uint32 { return uint32(i | (16+i)<<16) })
}
