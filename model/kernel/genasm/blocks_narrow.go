package main

import (
	"slices"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// narrowBlocks is what the AVX2 kernels of blocks have at hand: half of a panel in a register, each four terms taken apart and multiplied at once,
// because there are 16 registers and no instruction that adds up four products.
type narrowBlocks struct {
	blockType
	scales, numbers reg.GPVirtual
	first           reg.GPVirtual // first column, 0 or 8; nil where a kernel takes both halves, one beside the other
	half            int           // of both
	ones, sixteens  operand.Op    // in words
	low             operand.Op
}

// of is the same for a half of the panel.
func (n narrowBlocks) of(half int) *narrowBlocks {
	n.half = half
	return &n
}

// columns addresses what 8 columns have at disp in a panel of 16, size bytes each.
func (n *narrowBlocks) columns(base reg.GPVirtual, size, disp int) operand.Mem {
	if n.first == nil {
		return operand.Mem{Base: base, Disp: disp + 8*size*n.half}
	}
	return operand.Mem{Base: base, Index: n.first, Scale: uint8(size), Disp: disp}
}

// line is a part of a block's numbers.
func (n *narrowBlocks) line(i int) operand.Mem { return n.columns(n.numbers, 4, 64*i) }

// four makes the terms 4i … 4i+3 of 8 columns bytes. Of 8 bits they come in two halves, which may be multiplied with signed bytes and added in words.
func (n *narrowBlocks) four(e *emitter, i int) (parts []reg.VecVirtual) {
	if n.bits == 8 {
		lower, upper := e.YMM(), e.YMM()
		e.VMOVDQU(n.line(i), upper)
		e.VPAND(n.low, upper, lower)
		e.VPSRLD(operand.U8(4), upper, upper)
		e.VPAND(n.low, upper, upper)
		return []reg.VecVirtual{lower, upper}
	}
	v := e.YMM()
	e.VMOVDQU(n.line(i%4), v)
	if i >= 4 {
		e.VPSRLD(operand.U8(4), v, v)
	}
	e.VPAND(n.low, v, v)
	if extra := n.bits - 4; extra > 0 {
		each := 8 / extra
		upper := e.YMM()
		e.VMOVDQU(n.line(4+i/each), upper)
		if shift := 4 - i%each*extra; shift > 0 {
			e.VPSLLD(operand.U8(shift), upper, upper)
		} else if shift < 0 {
			e.VPSRLD(operand.U8(-shift), upper, upper)
		}
		e.VPAND(e.bits(map[int]uint32{5: 0x10101010, 6: 0x30303030}[n.bits]), upper, upper)
		e.VPOR(upper, v, v)
	}
	return []reg.VecVirtual{v}
}

// scale is that of a block, or with second what else it has. Factors are those of 256 terms.
func (n *narrowBlocks) scale(e *emitter, factors []reg.VecVirtual, second int) reg.VecVirtual {
	v := e.YMM()
	if !n.factors {
		e.VCVTPH2PS(n.columns(n.scales, 2, 32*second), v)
		return v
	}
	at := n.columns(n.scales, 1, 16*second)
	if n.parts() {
		e.VPMOVSXBD(at, v)
	} else {
		e.VPMOVZXBD(at, v)
	}
	e.VCVTDQ2PS(v, v)
	e.VMULPS(factors[second%len(factors)], v, v)
	return v
}

// blockSum is a row's sum over 8 columns of a panel, and its parts in a block: the products with the left operand's upper and lower bytes, and
// both together with their scale.
type blockSum struct {
	row                      int
	sum, upper, lower, whole reg.VecVirtual
}

// narrowBlockRows multiplies two rows with half of a panel, or one with both halves: then the lines of a panel pass by once, one after the other,
// and the next ones can be asked for beforehand.
func (e *emitter) narrowBlockRows(b blockType, rows int) {
	param := func(name string) reg.GPVirtual { return e.Load(e.Param(name), e.GP64()).(reg.GPVirtual) }
	at, bases := e.rowsAt(rows)
	n := narrowBlocks{
		blockType: b, scales: param("scales"), numbers: param("numbers"),
		ones: e.bits(0x00010001), sixteens: e.bits(0x00100010), low: e.bits(0x0f0f0f0f),
	}
	halves := 2
	if rows > 1 {
		halves, n.first = 1, param("first")
	}
	blocks := param("blocks")
	sums := make([][]*blockSum, halves)
	for h := range sums {
		for r := range rows {
			sums[h] = append(sums[h], &blockSum{r, e.zero(), e.YMM(), e.YMM(), e.YMM()})
		}
	}
	outer, top := e.label("factors"), e.label("block")
	factors := make([][]reg.VecVirtual, halves)
	left := blocks
	if b.factors {
		left = e.GP64()
		e.Label(outer)
		for h := range factors {
			factors[h] = n.of(h).loadFactors(e)
		}
		e.ADDQ(operand.I32(32*len(factors[0])), n.scales)
		e.MOVQ(operand.I32(8), left)
	}
	e.Label(top)
	for line := range b.bits {
		e.PREFETCHT0(operand.Mem{Base: n.numbers, Disp: aheadBytes + 64*line})
	}
	for i := range 8 {
		for h, sums := range sums {
			n := n.of(h)
			n.quad(e, i, at, sums)
			if i == 7 || b.parts() && i == 3 {
				n.finish(e, i == 3, at, factors[h], sums)
			}
		}
	}
	for _, s := range slices.Concat(sums...) {
		v := e.YMM()
		e.VBROADCASTSS(at(s.row, recordScale), v)
		e.VMULPS(v, s.whole, s.whole)
		e.VADDPS(s.whole, s.sum, s.sum)
	}
	e.ADDQ(operand.I32(b.scaleBytes()), n.scales)
	e.ADDQ(operand.I32(64*b.bits), n.numbers)
	for _, x := range bases {
		e.ADDQ(operand.I32(recordBytes), x)
	}
	e.DECQ(left)
	e.JNE(operand.LabelRef(top))
	if b.factors {
		e.SUBQ(operand.I32(8), blocks)
		e.JNE(operand.LabelRef(outer))
	}

	var totals []reg.VecVirtual
	for r := range rows {
		for h := range halves {
			totals = append(totals, sums[h][r].sum)
		}
	}
	e.storeColumns(totals, halves)
}

// quad adds the products of the terms 4i … 4i+3 to what the block, or its half, has so far.
func (n *narrowBlocks) quad(e *emitter, i int, at func(row, disp int) operand.Mem, sums []*blockSum) {
	if i == 0 || n.parts() && i == 4 {
		for _, s := range sums {
			e.clear(s.upper)
			e.clear(s.lower)
		}
	}
	for p, part := range n.four(e, i) {
		weight := []operand.Op{n.ones, n.sixteens}[p]
		for _, s := range sums {
			for half, sum := range []reg.VecVirtual{s.upper, s.lower} {
				v := e.YMM()
				e.VPBROADCASTD(at(s.row, half*recordLower+4*i), v)
				e.VPMADDUBSW(v, part, v)
				e.VPMADDWD(weight, v, v)
				e.VPADDD(v, sum, sum)
			}
		}
	}
}

// scaleBytes is the size of what a block of a panel has beside its numbers.
func (b blockType) scaleBytes() int {
	if !b.factors && b.middle == 0 {
		return 64
	}
	return 32
}

// loadFactors loads those of 256 terms.
func (n *narrowBlocks) loadFactors(e *emitter) (factors []reg.VecVirtual) {
	for i := range 2 {
		if i == 0 || !n.parts() {
			factors = append(factors, e.YMM())
			e.VCVTPH2PS(n.columns(n.scales, 2, 32*i), factors[i])
		}
	}
	return factors
}

// storeColumns writes the sums of rows of up to 8 columns, or of 16 in two registers, or adds them to what is there.
func (e *emitter) storeColumns(sums []reg.VecVirtual, registers int) {
	param := func(name string) reg.GPVirtual { return e.Load(e.Param(name), e.GP64()).(reg.GPVirtual) }
	y, ldy, cols := param("y"), param("ldy"), param("cols")
	var masks []reg.Register
	if registers > 1 {
		both := e.columnMasks(cols)
		masks = both[:]
	} else {
		e.setMask(cols)
		masks = []reg.Register{e.mask}
	}
	add := e.Load(e.Param("add"), e.GP8())
	store, zero, from := e.label("store"), e.GP64(), e.GP64()
	e.XORQ(zero, zero)
	e.TESTB(add, add)
	e.JE(operand.LabelRef(store))
	e.MOVQ(y, from)
	for row := range slices.Chunk(sums, registers) {
		for part, sum := range row {
			e.mask = masks[part]
			e.VADDPS(e.load(from, zero, part), sum, sum)
		}
		e.ADDQ(ldy, from)
	}
	e.Label(store)
	for row := range slices.Chunk(sums, registers) {
		for part, sum := range row {
			e.mask = masks[part]
			e.store(sum, y, zero, part)
		}
		e.ADDQ(ldy, y)
	}
	e.mask = nil
}

// finish makes whole of the sums of a block, or of its first half.
func (n *narrowBlocks) finish(e *emitter, first bool, at func(row, disp int) operand.Mem, factors []reg.VecVirtual, sums []*blockSum) {
	second := n.parts() && !first
	scale := n.scale(e, factors, map[bool]int{true: 1}[second])
	for _, s := range sums {
		v := s.upper
		e.VPSLLD(operand.U8(8), v, v)
		e.VPADDD(s.lower, v, v)
		if n.middle > 0 { // what the weights' shift has added
			t := e.YMM()
			if first {
				e.VPBROADCASTD(at(s.row, recordFirst), t)
			} else {
				e.VPBROADCASTD(at(s.row, recordSum), t)
			}
			if second {
				before := e.YMM()
				e.VPBROADCASTD(at(s.row, recordFirst), before)
				e.VPSUBD(before, t, t)
			}
			e.VPSLLD(operand.U8(n.middle), t, t)
			e.VPSUBD(t, v, v)
		}
		e.VCVTDQ2PS(v, v)
		e.VMULPS(scale, v, v)
		if second {
			e.VADDPS(v, s.whole, s.whole)
		} else {
			e.VMOVAPS(v, s.whole)
		}
	}
	if n.middle > 0 {
		return
	}
	least := n.scale(e, factors, 1)
	for _, s := range sums {
		t := e.YMM()
		e.VPBROADCASTD(at(s.row, recordSum), t)
		e.VCVTDQ2PS(t, t)
		e.VMULPS(least, t, t)
		e.VSUBPS(t, s.whole, s.whole)
	}
}
