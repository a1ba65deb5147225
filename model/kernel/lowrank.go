package kernel

// LowRank is a product B·A of rank R that is added to a matrix W [N,K], times a number (Hu et al. 2021, arXiv 2106.09685, equation 3).
type LowRank struct {
	B     []float32 // [N,R]
	A     []float32 // [R,K]
	Rank  int       // R
	Scale float32
}

// AddTo computes w += Scale·B·A for the rows [lo,hi) of W. A row has the same bits whatever rows are computed beside it. room holds Scale·B.
func (l LowRank) AddTo(w []float32, room *[]float32, lo, hi int) {
	n := hi - lo
	if n == 0 {
		return
	}
	k := len(l.A) / l.Rank
	b := Grow(room, n*l.Rank)
	copy(b, l.B[lo*l.Rank:hi*l.Rank])
	Scale(b, l.Scale)
	SgemmNN(w, b, l.A, n, k, l.Rank, l.Rank, k, k, true)
}

// mergedRows is how many rows a task changes.
const mergedRows = 64

// AddToAll is AddTo for all rows, on the pool.
func (l LowRank) AddToAll(w []float32) {
	k := len(l.A) / l.Rank
	Tiles(len(l.B)/l.Rank, mergedRows, func(lo, hi int) { l.AddTo(w[lo*k:hi*k], new([]float32), lo, hi) })
}
