package kernel

import (
	"unsafe"

	"slm/model/kernel/internal/avx512"
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

// at is where a step of a panel begins.
func (p *amxPanels) at(panel, step int) []uint16 {
	return p.data[(panel*p.steps+step)*p.parts*stepSize:]
}

// filling is how operands of a type come to the tiles.
type filling[T Elem] struct {
	parts         int                                                // of bf16 in a value
	columns, rows func(dst, src *byte, ld, steps int)                // 32 columns of B, given as rows of its transpose or as parts of its rows
	put           func(step []uint16, i, j int, v T)                 // term i of column j
	strips        func(buf *[]uint16, a []T, s Shape) (rows amxLeft) // A, in buf where it does not lie as tiles read it
}

func (f *filling[T]) right() right[T] { return newTileOperand(f) }
func (f *filling[T]) left() left[T]   { return &tileStrips[T]{f: f} }

var halves = filling[uint16]{1, avx512.PackTileColumns, avx512.PackTileRows, func(step []uint16, i, j int, v uint16) {
	step[j/16*512+i/2*32+j%16*2+i%2] = v
}, amxLeftOperand}

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
