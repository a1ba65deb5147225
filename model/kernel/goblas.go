package kernel

// goBackend is the portable kernel: Go, with SIMD assembly where the processor has it.
type goBackend struct{}

func (goBackend) Name() string         { return "go-f32+" + CPU() }
func (goBackend) Precision() Precision { return F32 }

func (goBackend) Gemm32(s Shape, c, a, b []float32) {
	s.check(len(c), len(a), len(b))
	switch {
	case s.TransA && s.TransB:
		panic("kernel: both operands transposed: no caller needs it")
	case s.TransA:
		SgemmTN(c, a, b, s.M, s.N, s.K, s.LDA, s.LDB, s.LDC, s.Accumulate)
	case s.TransB:
		SgemmNT(c, a, b, s.M, s.N, s.K, s.LDA, s.LDB, s.LDC, s.Accumulate)
	default:
		SgemmNN(c, a, b, s.M, s.N, s.K, s.LDA, s.LDB, s.LDC, s.Accumulate)
	}
}

func (goBackend) Gemm16(Shape, []float32, []uint16, []uint16) {
	panic("kernel: the Go kernel has no bf16")
}

func (goBackend) Gemm16To16(Shape, []uint16, []uint16, []uint16) {
	panic("kernel: the Go kernel has no bf16")
}

func (goBackend) Pack(w []float32, n, k int) Packed {
	p := &packedPanels{n: n, k: k, width: max(2*PanelAlign, (n/8+PanelAlign-1)/PanelAlign*PanelAlign)}
	p.blocks = make([]Panels, (n+p.width-1)/p.width)
	p.Repack(w)
	return p
}

// packedPanels keeps W [N,K] as panels, which SgemmNT would make anew in every product: with few rows that takes most of its time. The
// columns of the product lie in blocks of width, so that every thread has work whatever the number of rows.
type packedPanels struct {
	n, k, width int
	blocks      []Panels
}

// panelRows is the height of a tile of a product with panels.
const panelRows = 256

func (p *packedPanels) Repack(w []float32) {
	Tiles(p.n, p.width, func(lo, hi int) { p.blocks[lo/p.width].PackNT(w[lo*p.k:hi*p.k], hi-lo, p.k, p.k) })
}

func (p *packedPanels) Mul(y, x []float32, m int) {
	Shape{M: m, N: p.n, K: p.k, LDA: p.k, LDB: p.k, LDC: p.n, TransB: true}.check(len(y), len(x), p.n*p.k)
	high := (m + panelRows - 1) / panelRows
	Parallel(high*len(p.blocks), func(tile int) {
		lo, at := tile%high*panelRows, tile/high*p.width
		b, rows := &p.blocks[tile/high], min(panelRows, m-lo)
		SgemmPanels(y[lo*p.n+at:], x[lo*p.k:], b, rows, 0, b.n, p.k, p.n, false)
	})
}
