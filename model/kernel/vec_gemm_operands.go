package kernel

import "math"

func (g *packedGemm) right() right[float32] { return &floatPanels{gemm: g} }
func (g *packedGemm) left() left[float32]   { return &floatRows{gemm: g} }

// floatPanels is a right operand op(B) [K,N] in the panels of a level, of all its terms: it spares packing them for each product.
type floatPanels struct {
	gemm   *packedGemm
	n, k   int
	data   []float32 // [panels, k, width]
	memory []float32
}

func (p *floatPanels) fit(n, k int) {
	p.n, p.k = n, k
	p.data = aligned(&p.memory, (n+p.gemm.width-1)/p.gemm.width*k*p.gemm.width)
}

// at is where the panel of a column, a multiple of the width, begins with a term.
func (p *floatPanels) at(col, term int) []float32 {
	return p.data[(col/p.gemm.width*p.k+term)*p.gemm.width:]
}

func (p *floatPanels) pack(b []float32, ld int, trans bool) {
	if trans {
		p.put(b, gemmShape{n: p.n, k: p.k, bk: 1, bj: ld}, 0, 0)
	} else {
		p.put(b, gemmShape{n: p.n, k: p.k, bk: ld, bj: 1}, 0, 0)
	}
}

func (p *floatPanels) takeColumns(x []float32, at, n int) {
	p.put(x, gemmShape{n: n, k: p.k, bk: 1, bj: p.k}, at, 0)
}

func (p *floatPanels) takeRows(x []float32, at, n int) {
	p.put(x, gemmShape{n: p.n, k: n, bk: p.n, bj: 1}, 0, at)
}

// put takes over s.n columns from col and s.k terms from term on, which b holds.
func (p *floatPanels) put(b []float32, s gemmShape, col, term int) {
	if s.n == 0 || s.k == 0 {
		return
	}
	b = s.boundB(b)
	width := p.gemm.width
	for j := 0; j < s.n; j += width {
		part := s
		part.n = min(width, s.n-j)
		p.gemm.pack(p.at(col+j, term)[:s.k*width], b[j*s.bj:], part)
	}
}

func (p *floatPanels) multiply32(s Shape, c, plus, a []float32, from, to int) {
	s.check(len(c), len(a), math.MaxInt) // B is packed: only the others can be too short
	if s.Accumulate && len(c) > 0 && &c[0] != &plus[0] {
		for i := range s.M {
			copy(c[i*s.LDC:i*s.LDC+to-from], plus[i*s.LDC:])
		}
	}
	if s.M == 0 || s.N == 0 || s.K == 0 {
		clearProduct(s, c)
		return
	}
	form := gemmShape{m: s.M, n: to - from, k: s.K, ai: s.LDA, ak: 1, ldc: s.LDC}
	if s.TransA {
		form.ai, form.ak = 1, s.LDA
	}
	p.gemm.sweep(c, a, form, s.Accumulate, func(p0, j int, _ gemmShape) (panel, next []float32) {
		panel = p.at(from+j, p0)
		if next = panel; from+j+p.gemm.width < p.n {
			next = p.at(from+j+p.gemm.width, p0)
		}
		return panel, next
	})
}

func (p *floatPanels) multiply16(Shape, []uint16, []float32, int, int) {
	panic("kernel: products of float32 are not rounded to bf16")
}

// floatRows is a left operand given as its transpose, turned: a tile reads some rows along, where it would meet a line of the cache for each term.
type floatRows struct {
	gemm *packedGemm
	rows []float32 // [M,K]
}

func (l *floatRows) pack(a []float32, s Shape) {
	cpu.transpose(Grow(&l.rows, s.M*s.K), a, s.K, s.M, s.LDA)
}

func (l *floatRows) addProduct(c, b []float32, s Shape) {
	form := gemmShape{m: s.M, n: s.N, k: s.K, ai: s.K, ak: 1, bk: s.LDB, bj: 1, ldc: s.LDC}
	l.gemm.multiply(form.boundC("AddProduct", c), form.boundA(l.rows), form.boundB(b), form, true)
}
