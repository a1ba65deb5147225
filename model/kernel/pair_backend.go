package kernel

import "sync"

// pairBackend multiplies bf16 in pairs of terms in one of two orders, with the same bits at every level; levels without an instruction for it are slower.
//
// Class bf16-pair, as VDPBF16PS does it: for each pair of terms, in ascending order,
//
//	sum = fma(a0, b0, fma(a1, b1, sum))
//
// in float32, subnormals taken for zero. Sums start from C or from zero; a last odd term has a zero beside it. There is one sum an element and no
// order but that of the terms, so a product that is cut between pairs, each adding to C, has the bits of the whole.
//
// Class bf16-tile, as TDPBF16PS does it by its manual: the even and the odd terms of a step of 32 are summed apart, from zero, by fused steps of the
// same kind; both sums are added, and the result is added to C. A last step is filled up with zeros.
type pairBackend struct {
	goBackend
	name  string
	class Class
	order *pairOrder
}

func openPair() (Backend, error) {
	return pairBackend{name: "pair-bf16", class: ClassBF16Pair, order: pairByPair}, nil
}
func openTile() (Backend, error) {
	return pairBackend{name: "tile-bf16", class: ClassBF16Tile, order: stepByStep}, nil
}

func (b pairBackend) Name() string       { return b.name + "+" + CPU() }
func (b pairBackend) Class() Class       { return b.class }
func (pairBackend) Precision() Precision { return BF16 }

func (b pairBackend) Traits() Traits {
	t := Traits{BatchInvariant: true, CutTerms: 2 * b.order.unit, packs16: b.order}
	if b.order == pairByPair {
		t.heads = pairAttention{}
	}
	return t
}

func (b pairBackend) Gemm16(s Shape, c []float32, x, y []uint16) {
	s.check(len(c), len(x), len(y))
	w := b.order.scratch()
	defer pairScratches.Put(w)
	w.right.take(y, s.N, s.K, s.LDB, s.TransB)
	w.right.multiply32(s, c, c, x, 0, s.N)
}

func (b pairBackend) Gemm16To16(s Shape, c, x, y []uint16) {
	s.check(len(c), len(x), len(y))
	w := b.order.scratch()
	defer pairScratches.Put(w)
	w.right.take(y, s.N, s.K, s.LDB, s.TransB)
	w.right.multiply16(s, c, x, 0, s.N)
}

// pairScratch is the working memory of one product.
type pairScratch struct {
	right pairPanels
	left  pairPanels // packed or padded rows of A
}

var pairScratches = sync.Pool{New: func() any { return &pairScratch{} }}

// scratch is working memory for operands in the order.
func (o *pairOrder) scratch() *pairScratch {
	w := pairScratches.Get().(*pairScratch)
	w.right.order, w.left.order = o, o
	return w
}

// pairLeft is a left operand: strips of high rows. The terms of pair p of row i of a strip stand at i·ai + p·ak.
type pairLeft struct {
	data        []uint16
	ai, ak      int
	high, strip int // rows of a strip, and elements from one to the next
}

// pairLeftOperand is A where it lies, or packed in room where it is a transpose, or copied there where a row does not end with a unit of pairs.
func pairLeftOperand(room *pairPanels, a []uint16, s Shape) pairLeft {
	switch {
	case s.TransA: // a right operand lies as its transpose does
		room.take(a, s.M, s.K, s.LDA, false)
		if room.order.along() {
			return pairLeft{data: room.turned(), ai: 2 * room.pairs, ak: 2, high: s.M}
		}
		return pairLeft{data: room.data, ai: 2, ak: 2 * pairColumns, high: pairColumns, strip: room.pairs * 2 * pairColumns}
	case s.K != 2*room.order.pairs(s.K):
		width := 2 * room.order.pairs(s.K)
		rows := Grow(&room.memory, s.M*width)
		for i := range s.M {
			copy(rows[i*width:], a[i*s.LDA:i*s.LDA+s.K])
			clear(rows[i*width+s.K : (i+1)*width])
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
	w := t.room.order.scratch()
	defer pairScratches.Put(w)
	w.right.take(b, s.N, s.K, s.LDB, false)
	w.right.product(pairShare{c: c, from: c, ldc: s.LDC, ldfrom: s.LDC}, t.packed, s, 0, s.N)
}
