package kernel

// packed keeps W [N,K] in the backend's element type. Products are cut into row tiles of a few fixed heights, so that a backend that
// compiles a kernel for each shape sees few shapes, whatever the batch.
type packed[T Elem] struct {
	be   Backend
	w    []T
	n, k int
}

const packedRows = 128 // rows of a full tile; tails are rounded up to a multiple of 16

func newPacked[T Elem](be Backend, w []float32, n, k int) *packed[T] {
	p := &packed[T]{be: be, w: make([]T, n*k), n: n, k: k}
	p.Repack(w)
	return p
}

func (p *packed[T]) Repack(w []float32) {
	Tiles(len(p.w), 1<<16, func(lo, hi int) { Convert(p.w[lo:hi], w[lo:hi]) })
}

func (p *packed[T]) Mul(y, x []float32, m int) {
	if m == 0 {
		return
	}
	padded := (m + 15) / 16 * 16
	rows := make([]T, padded*p.k)
	Convert(rows[:m*p.k], x[:m*p.k])
	out := y
	if padded != m {
		out = make([]float32, padded*p.n)
	}
	if padded >= 2*packedRows {
		Tiles(padded, packedRows, func(lo, hi int) { p.tile(out[lo*p.n:hi*p.n], rows[lo*p.k:hi*p.k], hi-lo, 0, p.n) })
	} else {
		// Few rows: cut the columns instead, so that every thread has work.
		width := max(64, (p.n/8+63)/64*64)
		Tiles(p.n, width, func(lo, hi int) { p.tile(out, rows, padded, lo, hi) })
	}
	if padded != m {
		copy(y[:m*p.n], out[:m*p.n])
	}
}

// tile multiplies m rows with the rows lo..hi of W.
func (p *packed[T]) tile(y []float32, x []T, m, lo, hi int) {
	s := Shape{M: m, N: hi - lo, K: p.k, LDA: p.k, LDB: p.k, LDC: p.n, TransB: true}
	Gemm(p.be, s, y[lo:], x, p.w[lo*p.k:hi*p.k])
}
