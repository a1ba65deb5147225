package main

import (
	"fmt"
	"math"

	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// sgemmKernels are the inner loops of the float32 matrix product: tiles of some rows by two registers of columns, which hold
// Σ a(i,p)·b(p,j) in registers over a panel of B, and the packing of such panels.
var sgemmKernels = func() []kernel {
	var ks []kernel
	for _, rows := range []int{12, 8, 4, 2, 1} {
		ks = append(ks, gemmTile(rows, avx512))
	}
	for _, rows := range []int{6, 4, 2, 1} {
		ks = append(ks, gemmTile(rows, avx2))
	}
	return append(ks,
		kernel{name: "packRows", params: "dst, src *float32, k, n, ld int",
			doc:  "copies n ≤ panel width columns of k rows, ld bytes apart, and fills up with zeros.",
			emit: emitPackRows},
		kernel{name: "packSquares", params: "dst, src *float32, squares, ld, width int", only: []isa{avx2},
			doc:  "transposes 8 rows of src, ld bytes apart, of 8·squares elements, into rows of dst width bytes apart.",
			emit: emitPackSquares})
}()

// gemmTile emits C [tiles·rows, n] (+)= A·B for one panel of B: b [k][2·lanes], contiguous; a(i,p) stands ai·i + ak·p bytes after a.
// Every element is one chain of fused multiply-adds over p, whatever the number of rows: so edges give the same bits.
func gemmTile(rows int, v isa) kernel {
	return kernel{name: fmt.Sprintf("gemm%dRows", rows), params: "c, a, b, next *float32, tiles, k, n, ai, ak, ldc int, add bool", only: []isa{v},
		doc:  fmt.Sprintf("computes tiles ≥ 1 times %d rows and n columns of C from one panel of k ≥ 1 terms, and fetches the next panel; ai, ak and ldc are in bytes.", rows),
		emit: func(e *emitter) { emitGemm(e, rows) }}
}

func emitGemm(e *emitter, rows int) {
	param := func(name string) reg.GPVirtual { return e.Load(e.Param(name), e.GP64()).(reg.GPVirtual) }
	c, a, next, tiles, ai, ak := param("c"), param("a"), param("next"), param("tiles"), param("ai"), param("ak")
	ai3 := e.GP64()
	if rows >= 4 {
		e.LEAQ(operand.Mem{Base: ai, Index: ai, Scale: 2}, ai3)
	}
	tile := e.label("tile")
	e.Label(tile)
	e.fetchTile(c, next, rows, rows*e.lanes/4) // 256 terms of a panel while 128 rows pass by
	left := e.leftRows(a, ai, ai3, rows)
	acc := make([][2]reg.VecVirtual, rows)
	for r := range acc {
		acc[r] = [2]reg.VecVirtual{e.zero(), e.zero()}
	}
	b, k := param("b"), param("k")
	top := e.label("terms")
	e.Label(top)
	b0, b1 := e.vec(), e.vec()
	e.VMOVUPS(operand.Mem{Base: b}, b0)
	e.VMOVUPS(operand.Mem{Base: b, Disp: 4 * e.lanes}, b1)
	for r := range acc {
		x := e.broadcast(left.at(r, 0))
		e.VFMADD231PS(x, b0, acc[r][0])
		e.VFMADD231PS(x, b1, acc[r][1])
	}
	for _, p := range left.groups {
		e.ADDQ(ak, p)
	}
	e.ADDQ(operand.I32(8*e.lanes), b)
	e.DECQ(k)
	e.JNE(operand.LabelRef(top))

	n, done := param("n"), e.label("done")
	if !e.wide() { // a masked store takes AVX2 as long as a dozen others
		masked := e.label("masked")
		e.CMPQ(n, operand.I32(2*e.lanes))
		e.JNE(operand.LabelRef(masked))
		e.emitSums(acc, c, [2]reg.Register{})
		e.JMP(operand.LabelRef(done))
		e.Label(masked)
	}
	e.emitSums(acc, c, e.columnMasks(n))
	e.Label(done)
	ldc := param("ldc")
	for left := rows; left > 0; {
		step := min(left, 4) // 3 is no scale, and no tile has such a rest
		e.LEAQ(operand.Mem{Base: c, Index: ldc, Scale: uint8(step)}, c)
		left -= step
	}
	e.DECQ(tiles)
	e.JNE(operand.LabelRef(tile))
}

// fetchTile fetches what a tile of rows will write to C, and so many lines of the next panel, which next moves behind.
func (e *emitter) fetchTile(c, next reg.GPVirtual, rows, lines int) {
	ldc, at := e.word("ldc"), e.GP64()
	e.MOVQ(c, at)
	for range rows { // what is written after the sums is on its way meanwhile
		for line := 0; line < 8*e.lanes; line += 64 {
			e.PREFETCHT0(operand.Mem{Base: at, Disp: line})
		}
		e.ADDQ(ldc, at)
	}
	for line := range lines {
		e.PREFETCHT1(operand.Mem{Base: next, Disp: 64 * line})
	}
	e.ADDQ(operand.I32(64*lines), next)
}

// leftRows are pointers to every fourth row of the left operand, rows ai bytes apart; ai3 is three times that.
type leftRows struct {
	groups  []reg.GPVirtual
	ai, ai3 reg.GPVirtual
}

// leftRows points to rows from a on, and moves a behind them.
func (e *emitter) leftRows(a, ai, ai3 reg.GPVirtual, rows int) leftRows {
	l := leftRows{ai: ai, ai3: ai3}
	for r := 0; r < rows; r += 4 {
		p := e.GP64()
		if r == 0 {
			e.MOVQ(a, p)
		} else {
			e.LEAQ(operand.Mem{Base: l.groups[r/4-1], Index: ai, Scale: 4}, p)
		}
		l.groups = append(l.groups, p)
	}
	if last := l.groups[len(l.groups)-1]; rows%4 == 3 {
		e.LEAQ(operand.Mem{Base: last, Index: ai3, Scale: 1}, a)
	} else {
		e.LEAQ(operand.Mem{Base: last, Index: ai, Scale: uint8((rows-1)%4 + 1)}, a)
	}
	return l
}

// at is where row r has what stands disp bytes behind the pointers.
func (l leftRows) at(r, disp int) operand.Mem {
	m := operand.Mem{Base: l.groups[r/4], Disp: disp}
	switch r % 4 {
	case 1, 2:
		m.Index, m.Scale = l.ai, uint8(r%4)
	case 3:
		m.Index, m.Scale = l.ai3, 1
	}
	return m
}

// emitSums writes the sums of a tile to the rows of C from c on, or adds them.
func (e *emitter) emitSums(acc [][2]reg.VecVirtual, c reg.GPVirtual, masks [2]reg.Register) {
	store := e.label("store")
	add, ldc, at, zero := e.Load(e.Param("add"), e.GP8()), e.Load(e.Param("ldc"), e.GP64()), e.GP64(), e.GP64()
	e.XORQ(zero, zero)
	e.MOVQ(c, at)
	e.TESTB(add, add)
	e.JE(operand.LabelRef(store))
	for r := range acc {
		for h := range acc[r] {
			e.mask = masks[h]
			e.VADDPS(e.load(at, zero, h), acc[r][h], acc[r][h])
		}
		e.ADDQ(ldc, at)
	}
	e.MOVQ(c, at)
	e.Label(store)
	for r := range acc {
		for h := range acc[r] {
			e.mask = masks[h]
			e.store(acc[r][h], at, zero, h)
		}
		e.ADDQ(ldc, at)
	}
	e.mask = nil
}

// columnMasks are the masks of the first n columns in two registers.
func (e *emitter) columnMasks(n reg.GPVirtual) [2]reg.Register {
	if e.wide() {
		ones, low, high := e.GP64(), e.K(), e.K()
		e.MOVQ(operand.I32(-1), ones)
		e.BZHIQ(n, ones, ones)
		e.KMOVW(ones.As32(), low)
		e.SHRQ(operand.U8(16), ones)
		e.KMOVW(ones.As32(), high)
		return [2]reg.Register{low, high}
	}
	if !e.constants["columns"] {
		e.constants["columns"] = true
		e.StaticGlobal("columns")
		e.DataAttributes(attr.RODATA | attr.NOPTR)
		for i := range 32 {
			u := uint32(0)
			if i < 16 {
				u = math.MaxUint32
			}
			e.AddDatum(4*i, operand.U32(u))
		}
	}
	table, rest, low, high := e.GP64(), e.GP64(), e.YMM(), e.YMM()
	e.LEAQ(operand.NewDataAddr(operand.NewStaticSymbol("columns"), 0), table)
	e.MOVQ(operand.I32(16), rest)
	e.SUBQ(n, rest)
	e.VMOVUPS(operand.Mem{Base: table, Index: rest, Scale: 4}, low)
	e.VMOVUPS(operand.Mem{Base: table, Index: rest, Scale: 4, Disp: 32}, high)
	return [2]reg.Register{low, high}
}

func emitPackRows(e *emitter) {
	param := func(name string) reg.GPVirtual { return e.Load(e.Param(name), e.GP64()).(reg.GPVirtual) }
	dst, src, k, ld := param("dst"), param("src"), param("k"), param("ld")
	masks, zero := e.columnMasks(param("n")), e.GP64()
	e.XORQ(zero, zero)
	top := e.label("rows")
	e.Label(top)
	for line := 0; line < 8*e.lanes; line += 64 { // of the next panel: its rows may be a page apart
		e.PREFETCHT0(operand.Mem{Base: src, Disp: 8*e.lanes + line})
	}
	for h := range 2 {
		e.mask = masks[h]
		r := e.load(src, zero, h)
		e.mask = nil
		e.store(r, dst, zero, h)
	}
	e.ADDQ(ld, src)
	e.ADDQ(operand.I32(8*e.lanes), dst)
	e.DECQ(k)
	e.JNE(operand.LabelRef(top))
}

// emitPackSquares transposes 8×8 squares: halves of rows r and r+4 share a register, so that two rounds of shuffles are enough.
func emitPackSquares(e *emitter) {
	param := func(name string) reg.GPVirtual { return e.Load(e.Param(name), e.GP64()).(reg.GPVirtual) }
	dst, src, squares, ld, width := param("dst"), param("src"), param("squares"), param("ld"), param("width")
	ld3, width3, src4, dst4 := e.GP64(), e.GP64(), e.GP64(), e.GP64()
	e.LEAQ(operand.Mem{Base: ld, Index: ld, Scale: 2}, ld3)
	e.LEAQ(operand.Mem{Base: width, Index: width, Scale: 2}, width3)
	e.LEAQ(operand.Mem{Base: src, Index: ld, Scale: 4}, src4)
	e.LEAQ(operand.Mem{Base: dst, Index: width, Scale: 4}, dst4)
	row := func(base, stride, stride3 reg.GPVirtual, r, disp int) operand.Mem {
		m := operand.Mem{Base: base, Disp: disp}
		switch r {
		case 1, 2:
			m.Index, m.Scale = stride, uint8(r)
		case 3:
			m.Index, m.Scale = stride3, 1
		}
		return m
	}
	top := e.label("squares")
	e.Label(top)
	for half, out := range []reg.GPVirtual{dst, dst4} { // columns 0–3, then 4–7
		var x, t [4]reg.VecVirtual
		for r := range x {
			x[r] = e.YMM()
			e.VBROADCASTF128(row(src, ld, ld3, r, 16*half), x[r])
			e.VINSERTF128(operand.U8(1), row(src4, ld, ld3, r, 16*half), x[r], x[r])
		}
		for i := range 2 {
			t[2*i], t[2*i+1] = e.YMM(), e.YMM()
			e.VUNPCKLPS(x[2*i+1], x[2*i], t[2*i]) // columns 0 and 1 of rows 2i and 2i+1
			e.VUNPCKHPS(x[2*i+1], x[2*i], t[2*i+1])
		}
		for c := range 4 {
			y := e.YMM()
			if c%2 == 0 {
				e.VUNPCKLPD(t[2+c/2], t[c/2], y)
			} else {
				e.VUNPCKHPD(t[2+c/2], t[c/2], y)
			}
			e.VMOVUPS(y, row(out, width, width3, c, 0))
		}
	}
	e.ADDQ(operand.I32(32), src)
	e.ADDQ(operand.I32(32), src4)
	e.LEAQ(operand.Mem{Base: dst, Index: width, Scale: 8}, dst)
	e.LEAQ(operand.Mem{Base: dst4, Index: width, Scale: 8}, dst4)
	e.DECQ(squares)
	e.JNE(operand.LabelRef(top))
}
