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

// filling is how values of a type come into panels.
type filling[T Elem] struct {
	columns, rows func(dst, src *byte, ld, steps int) // 32 columns of B, given as rows of its transpose or as parts of its rows
	put           func(step []uint16, i, j int, v T)  // term i of column j
}

var halves = filling[uint16]{amxPackColumnsAVX512, amxPackRowsAVX512, func(step []uint16, i, j int, v uint16) {
	step[j/16*512+i/2*32+j%16*2+i%2] = v
}}

func (p *amxPanels) pack(b []uint16, ld int, trans bool) { fill(p, halves, b, ld, trans) }
func (p *amxPanels) takeColumns(x []uint16, at, n int)   { fillColumns(p, halves, x, at, n) }
func (p *amxPanels) takeRows(x []uint16, at, n int)      { fillRows(p, halves, x, at, n) }

func fill[T Elem](p *amxPanels, f filling[T], b []T, ld int, trans bool) {
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
func fillEdge[T Elem](p *amxPanels, f filling[T], b []T, ld int, trans bool, panel, step int) {
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

func fillColumns[T Elem](p *amxPanels, f filling[T], x []T, at, n int) {
	part := amxPanels{n: n, k: p.k, steps: p.steps, parts: p.parts, data: p.at(at/tileSide, 0)}
	fill(&part, f, x, p.k, true)
}

func fillRows[T Elem](p *amxPanels, f filling[T], x []T, at, n int) {
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

func (p *amxPanels) multiply32(s Shape, c, plus []float32, a []uint16, from, to int) {
	amxProduct(p, s, c, plus, a, from, to)
}

func (p *amxPanels) multiply16(s Shape, c, a []uint16, from, to int) {
	if s.Accumulate {
		panic("kernel: bf16 results are not added to")
	}
	amxProduct(p, s, c, nil, a, from, to)
}

func amxProduct[R Elem](p *amxPanels, s Shape, c []R, plus []float32, a []uint16, from, to int) {
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
	amxMultiply(w, c, plus, s.LDC, amxLeftOperand(&w.left, a, s), p, s, from, to)
}
