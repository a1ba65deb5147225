package kernel

import (
	"math"
	"unsafe"
)

// amxPanels is a right operand op(B) [K,N] in panels of 32 columns, filled up with zeros.
type amxPanels struct {
	n, k, steps int
	parts       int      // of bf16 in a value
	data        []uint16 // [panels, steps, parts, 2 tiles, 16, 16, 2]
	memory      []uint16
}

// fit makes room for K by N.
func (p *amxPanels) fit(n, k int) {
	p.n, p.k, p.steps, p.parts = n, k, (k+tileSide-1)/tileSide, max(1, p.parts)
	p.data = aligned(&p.memory, p.panels()*p.steps*p.parts*stepSize)
}

func (p *amxPanels) panels() int { return (p.n + tileSide - 1) / tileSide }

// at is the place of a step of a panel.
func (p *amxPanels) at(panel, step int) []uint16 {
	return p.data[(panel*p.steps+step)*p.parts*stepSize:]
}

// filling is how operands of a type come to the tiles.
type filling[T Elem] struct {
	parts         int                                                // of bf16 in a value
	columns, rows func(dst, src *byte, ld, steps int)                // 32 columns of B, given as rows of its transpose or as parts of its rows
	put           func(step []uint16, i, j int, v T)                 // term i of column j
	left          func(buf *[]uint16, a []T, s Shape) (rows amxLeft) // A, in buf where it does not lie as tiles read it
}

var halves = filling[uint16]{1, amxPackColumnsAVX512, amxPackRowsAVX512, func(step []uint16, i, j int, v uint16) {
	step[j/16*512+i/2*32+j%16*2+i%2] = v
}, amxLeftOperand}

// fillingOf returns how operands in T come to a backend's tiles, nil if it has none for them.
func fillingOf[T Elem](be Backend) *filling[T] {
	var f any
	switch be := be.(type) {
	case amxBackend:
		f = &halves
	case amx32Backend:
		f = &be.filling
	}
	r, _ := f.(*filling[T])
	return r
}

// pack makes p of B [K,N], rows ld apart, or with trans of its transpose.
func pack[T Elem](p *amxPanels, f *filling[T], b []T, n, k, ld int, trans bool) {
	p.parts = f.parts
	p.fit(n, k)
	fill(p, f, b, ld, trans)
}

func fill[T Elem](p *amxPanels, f *filling[T], b []T, ld int, trans bool) {
	whole, ldBytes := p.k/tileSide, ld*int(unsafe.Sizeof(b[0]))
	if trans {
		for panel := range p.panels() {
			full := whole
			if p.n-panel*tileSide < tileSide {
				full = 0
			}
			if full > 0 {
				f.columns(bytesOf(p.at(panel, 0)), bytesOf(b[panel*tileSide*ld:]), ldBytes, full)
			}
			for step := full; step < p.steps; step++ {
				fillEdge(p, f, b, ld, trans, panel, step)
			}
		}
		return
	}
	// Step by step, so that rows are read along.
	for step := range p.steps {
		for panel := range p.panels() {
			if step < whole && p.n-panel*tileSide >= tileSide {
				f.rows(bytesOf(p.at(panel, step)), bytesOf(b[step*tileSide*ld+panel*tileSide:]), ldBytes, 1)
			} else {
				fillEdge(p, f, b, ld, trans, panel, step)
			}
		}
	}
}

// fillEdge fills a step that hangs over the matrix.
func fillEdge[T Elem](p *amxPanels, f *filling[T], b []T, ld int, trans bool, panel, step int) {
	dst := p.at(panel, step)[:p.parts*stepSize]
	clear(dst)
	for j := range min(tileSide, p.n-panel*tileSide) {
		for i := range min(tileSide, p.k-step*tileSide) {
			row, col := step*tileSide+i, panel*tileSide+j
			from := row*ld + col
			if trans {
				from = col*ld + row
			}
			f.put(dst, i, j, b[from])
		}
	}
}

func fillColumns[T Elem](p *amxPanels, f *filling[T], x []T, at, n int) {
	part := amxPanels{n: n, k: p.k, steps: p.steps, parts: p.parts, data: p.at(at/tileSide, 0)}
	fill(&part, f, x, p.k, true)
}

func fillRows[T Elem](p *amxPanels, f *filling[T], x []T, at, n int) {
	for panel := range p.panels() {
		for step := range (n + tileSide - 1) / tileSide {
			part := amxPanels{n: min(tileSide, p.n-panel*tileSide), k: min(tileSide, n-step*tileSide), steps: 1, parts: p.parts, data: p.at(panel, at/tileSide+step)}
			fill(&part, f, x[step*tileSide*p.n+panel*tileSide:], p.n, false)
		}
	}
}

func bytesOf[T Elem](x []T) *byte { return (*byte)(unsafe.Pointer(unsafe.SliceData(x))) }

// amxPackTransposed packs a step of up to 32 terms of up to 32 rows of a left operand that is given as its transpose a [terms,rows…]: tiles
// of 16 rows by 32 terms.
func amxPackTransposed(dst, a []uint16, ld, rows, terms int) {
	if rows == tileSide && terms == tileSide {
		amxPackLeftAVX512(bytesOf(dst), bytesOf(a), 2*ld, 1)
		return
	}
	clear(dst[:stepSize])
	for t := range terms {
		for i, v := range a[t*ld : t*ld+rows] {
			dst[i*tileSide+t] = v
		}
	}
}

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
	amxMultiply(w, c, plus, s.LDC, p.f.left(&w.left, a, s), &p.amxPanels, s, from, to)
}
