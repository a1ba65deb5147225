package kernel

import "sync"

// pairBackend multiplies bf16 in pairs of terms, as VDPBF16PS does: class bf16-pair. For each pair of terms, in ascending order,
//
//	sum = fma(a0, b0, fma(a1, b1, sum))
//
// in float32, subnormals taken for zero. Sums start from C or from zero; a last odd term has a zero beside it. There is one sum an element and no
// order but that of the terms, so a product that is cut between pairs, each adding to C, has the bits of the whole. The arithmetic has the same bits
// at every level; levels without the instruction are slower.
type pairBackend struct{ goBackend }

func openPair() (Backend, error) { return pairBackend{}, nil }

func (pairBackend) Name() string         { return "pair-bf16+" + CPU() }
func (pairBackend) Precision() Precision { return BF16 }

func (pairBackend) Traits() Traits {
	return Traits{BatchInvariant: true, CutTerms: 2, packs16: pairPacking{}}
}

func (pairBackend) Gemm16(s Shape, c []float32, a, b []uint16) {
	s.check(len(c), len(a), len(b))
	w := pairScratches.Get().(*pairScratch)
	defer pairScratches.Put(w)
	w.right.take(b, s.N, s.K, s.LDB, s.TransB)
	w.right.multiply32(s, c, c, a, 0, s.N)
}

func (pairBackend) Gemm16To16(s Shape, c, a, b []uint16) {
	s.check(len(c), len(a), len(b))
	w := pairScratches.Get().(*pairScratch)
	defer pairScratches.Put(w)
	w.right.take(b, s.N, s.K, s.LDB, s.TransB)
	w.right.multiply16(s, c, a, 0, s.N)
}

// pairScratch is the working memory of one product.
type pairScratch struct {
	right pairPanels
	left  pairPanels // packed or padded rows of A
}

var pairScratches = sync.Pool{New: func() any { return &pairScratch{} }}

// pairPacking makes operands for pairBackend.
type pairPacking struct{}

func (pairPacking) right() right[uint16] { return &pairPanels{} }
func (pairPacking) left() left[uint16]   { return &pairStrips{} }

// pairLeft is a left operand: strips of high rows. The terms of pair p of row i of a strip stand at i·ai + p·ak.
type pairLeft struct {
	data        []uint16
	ai, ak      int
	high, strip int // rows of a strip, and elements from one to the next
}

// pairLeftOperand is A where it lies, or packed in room where it is a transpose, or copied there where a row ends in half a pair.
func pairLeftOperand(room *pairPanels, a []uint16, s Shape) pairLeft {
	switch {
	case s.TransA: // a right operand lies as its transpose does
		room.take(a, s.M, s.K, s.LDA, false)
		return pairLeft{data: room.data, ai: 2, ak: 2 * pairColumns, high: pairColumns, strip: room.pairs * 2 * pairColumns}
	case s.K%2 == 1:
		width := s.K + 1
		rows := Grow(&room.memory, s.M*width)
		for i := range s.M {
			copy(rows[i*width:], a[i*s.LDA:i*s.LDA+s.K])
			rows[i*width+s.K] = 0
		}
		return pairLeft{data: rows, ai: width, ak: 2, high: s.M}
	}
	return pairLeft{data: a, ai: s.LDA, ak: 2, high: s.M}
}

// pairStrips is a left operand, given as its transpose.
type pairStrips struct {
	packed pairLeft
	room   pairPanels
}

func (t *pairStrips) pack(a []uint16, s Shape) { t.packed = pairLeftOperand(&t.room, a, s) }

func (t *pairStrips) addProduct(c []float32, b []uint16, s Shape) {
	w := pairScratches.Get().(*pairScratch)
	defer pairScratches.Put(w)
	w.right.take(b, s.N, s.K, s.LDB, false)
	w.right.product(pairShare{c: c, from: c, ldc: s.LDC, ldfrom: s.LDC}, t.packed, s, 0, s.N)
}
