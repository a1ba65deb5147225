package kernel

import "math"

// tileOperand is a right operand of values of a type, in panels.
type tileOperand[T Elem] struct {
	amxPanels
	f *filling[T]
}

func newTileOperand[T Elem](f *filling[T]) *tileOperand[T] {
	return &tileOperand[T]{amxPanels{parts: f.parts}, f}
}

func (p *tileOperand[T]) pack(b []T, ld int, trans bool) { fill(&p.amxPanels, p.f, b, ld, trans) }
func (p *tileOperand[T]) takeColumns(x []T, at, n int)   { fillColumns(&p.amxPanels, p.f, x, at, n) }
func (p *tileOperand[T]) takeRows(x []T, at, n int)      { fillRows(&p.amxPanels, p.f, x, at, n) }

func (p *tileOperand[T]) multiply32(s Shape, c, plus []float32, a []T, from, to int) {
	tileProduct(p, s, c, plus, a, from, to)
}

func (p *tileOperand[T]) multiply16(s Shape, c []uint16, a []T, from, to int) {
	switch {
	case p.parts > 1:
		panic("kernel: products of float32 are not rounded to bf16")
	case s.Accumulate:
		panic("kernel: bf16 results are not added to")
	}
	tileProduct(p, s, c, nil, a, from, to)
}

func tileProduct[T, R Elem](p *tileOperand[T], s Shape, c []R, plus []float32, a []T, from, to int) {
	s.check(len(c), len(a), math.MaxInt) // B is packed: only the others can be too short
	if s.M == 0 || s.N == 0 || s.K == 0 {
		clearProduct(s, c)
		return
	}
	w := amxScratches.Get().(*amxScratch)
	defer amxScratches.Put(w)
	if !s.Accumulate {
		plus = nil
	}
	amxMultiply(w, c, plus, s.LDC, p.f.strips(&w.left, a, s), &p.amxPanels, s, from, to)
}

// tileStrips is a left operand, given as its transpose.
type tileStrips[T Elem] struct {
	f      *filling[T]
	packed amxLeft
	buf    []uint16
}

func (t *tileStrips[T]) pack(a []T, s Shape) { t.packed = t.f.strips(&t.buf, a, s) }

func (t *tileStrips[T]) addProduct(c []float32, b []T, s Shape) {
	w := amxScratches.Get().(*amxScratch)
	defer amxScratches.Put(w)
	pack(&w.right, t.f, b, s.N, s.K, s.LDB, false)
	amxMultiply(w, c, c, s.LDC, t.packed, &w.right, s, 0, s.N)
}
