package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

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
	// c is where the upper half lies from here on, at where the lower one does.
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
