package kernel

import (
	"math"
	"unsafe"
)

// pairOrder is an order of the terms of a sum, which are multiplied in pairs.
type pairOrder struct {
	unit    int // operands are filled up with zeros to a multiple of so many pairs
	product func(s pairShare)
	along   func() bool // a left operand has its terms along rows
}

// pairs is the number of pairs of k terms.
func (o *pairOrder) pairs(k int) int { return (k + 2*o.unit - 1) / (2 * o.unit) * o.unit }

// The orders of the classes bf16-pair and bf16-tile.
var (
	pairByPair = &pairOrder{1, func(s pairShare) { cpu.pairProduct(s) }, func() bool { return cpu.along && !cpu.pairs }}
	stepByStep = &pairOrder{stepPairs, func(s pairShare) { cpu.stepProduct(s) }, func() bool { return cpu.along }}
)

func (o *pairOrder) right() right[uint16] { return &pairPanels{order: o} }
func (o *pairOrder) left() left[uint16]   { return &pairStrips{room: pairPanels{order: o}} }

// pairPanels is a right operand op(B) [K,N] in panels of pairColumns columns, filled up with zeros to whole units of pairs and whole panels.
type pairPanels struct {
	order       *pairOrder
	n, k, pairs int
	data        []uint16 // [panels, pairs, pairColumns, 2]
	memory      []uint16
	upright     []uint16 // rows of its transpose, where a left operand has them
}

// fit makes room for K by N.
func (p *pairPanels) fit(n, k int) {
	p.n, p.k, p.pairs = n, k, p.order.pairs(k)
	p.data = aligned(&p.memory, (n+pairColumns-1)/pairColumns*p.pairs*2*pairColumns)
}

// at is where the terms of a panel from a pair on begin.
func (p *pairPanels) at(panel, pair int) []uint16 {
	return p.data[(panel*p.pairs+pair)*2*pairColumns:]
}

// take packs B [K,N], rows ld apart, or with trans its transpose.
func (p *pairPanels) take(b []uint16, n, k, ld int, trans bool) {
	p.fit(n, k)
	p.pack(b, ld, trans)
}

func (p *pairPanels) pack(b []uint16, ld int, trans bool) {
	if trans {
		p.putColumns(b, ld, 0, p.n)
	} else {
		p.putRows(b, ld, 0, p.k)
	}
}

func (p *pairPanels) takeColumns(x []uint16, at, n int) { p.putColumns(x, p.k, at, n) }
func (p *pairPanels) takeRows(x []uint16, at, n int)    { p.putRows(x, p.n, at, n) }

// putColumns takes over columns [at,at+n), which x holds as rows ld apart.
func (p *pairPanels) putColumns(x []uint16, ld, at, n int) {
	for j := 0; j < n; j += pairColumns {
		dst, whole, cols := p.at((at+j)/pairColumns, 0), p.k/32, min(pairColumns, n-j)
		if cols < pairColumns {
			whole = 0
		}
		if whole > 0 {
			cpu.packPairColumns(dst, x[j*ld:], ld, whole)
		}
		putPairs(dst[32*whole*pairColumns:p.pairs*2*pairColumns], x[j*ld+32*whole:], 1, ld, p.k-32*whole, cols)
	}
}

// putRows takes over rows [at,at+n), which x holds ld apart: 32 at a time, so that they are read along.
func (p *pairPanels) putRows(x []uint16, ld, at, n int) {
	for i := 0; i < n; i += 32 {
		rows, pairs := min(32, n-i), 16
		if at+i+rows == p.k {
			pairs = p.pairs - (at+i)/2
		}
		for col := 0; col < p.n; col += pairColumns {
			dst, cols, from := p.at(col/pairColumns, (at+i)/2), min(pairColumns, p.n-col), x[i*ld+col:]
			if rows == 32 && cols == pairColumns {
				cpu.packPairRows(dst, from, ld, 1)
			} else {
				putPairs(dst[:2*pairs*pairColumns], from, ld, 1, rows, cols)
			}
		}
	}
}

// turned is the transpose, a row a column, whose pairs of terms are moved as if they were float32.
func (p *pairPanels) turned() []uint16 {
	width := 2 * p.pairs
	rows := Grow(&p.upright, (p.n+pairColumns-1)/pairColumns*pairColumns*width)
	for j := 0; j < p.n; j += pairColumns {
		cpu.transpose(words(rows[j*width:(j+pairColumns)*width]), words(p.at(j/pairColumns, 0)[:pairColumns*width]), p.pairs, pairColumns, pairColumns)
	}
	return rows
}

// words are two bf16 each.
func words(x []uint16) []float32 {
	return unsafe.Slice((*float32)(unsafe.Pointer(unsafe.SliceData(x))), len(x)/2)
}

// putPairs fills dst with so many terms of cols ≤ pairColumns columns, and zeros: term t of column j stands at src[t·lt + j·lj].
func putPairs(dst, src []uint16, lt, lj, terms, cols int) {
	clear(dst)
	for t := range terms {
		row := dst[t/2*2*pairColumns:]
		for j := range cols {
			row[2*j+t%2] = src[t*lt+j*lj]
		}
	}
}

func (p *pairPanels) multiply32(s Shape, c, plus []float32, a []uint16, from, to int) {
	s.check(len(c), len(a), math.MaxInt) // B is packed: only the others can be too short
	if s.M == 0 || s.N == 0 || s.K == 0 {
		clearProduct(s, c)
		return
	}
	if !s.Accumulate {
		plus = nil
	}
	w := p.order.scratch()
	defer pairScratches.Put(w)
	p.product(pairShare{c: c, from: plus, ldfrom: s.LDC, ldc: s.LDC}, pairLeftOperand(&w.left, a, s), s, from, to)
}

func (p *pairPanels) multiply16(s Shape, c []uint16, a []uint16, from, to int) {
	if s.Accumulate {
		panic("kernel: bf16 results are not added to")
	}
	s.check(len(c), len(a), math.MaxInt)
	if s.M == 0 || s.N == 0 || s.K == 0 {
		clearProduct(s, c)
		return
	}
	w := p.order.scratch()
	defer pairScratches.Put(w)
	p.product(pairShare{half: c, ldc: s.LDC}, pairLeftOperand(&w.left, a, s), s, from, to)
}

// pairsAtOnce bounds the pairs of terms that are added before C is written, so that rows of A stay in the second cache. Sums go on from C, which
// changes no bit.
const pairsAtOnce = 512

// product computes the columns [from,to) of C of M rows, where to lies in c or half of share, from a multiple of pairColumns on: c starts there.
func (p *pairPanels) product(share pairShare, l pairLeft, s Shape, from, to int) {
	pairs := p.order.pairs(s.K)
	depth := pairs
	if share.half == nil { // bf16 is rounded once, after the last term
		depth = pairsAtOnce
	}
	share.ai, share.ak, share.high, share.strip, share.panel = l.ai, l.ak, l.high, l.strip, p.pairs*2*pairColumns
	share.m, share.n = s.M, to-from
	for pair := 0; pair < pairs; pair += depth {
		share.pairs = min(depth, pairs-pair)
		share.a, share.b = l.data[pair*l.ak:], p.at(from/pairColumns, pair)
		p.order.product(share)
		share.from, share.ldfrom = share.c, share.ldc
	}
}
