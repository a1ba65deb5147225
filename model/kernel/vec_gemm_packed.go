package kernel

import (
	"sync"
	"unsafe"
)

// packedGemm is a product on vectors. It works on panels of B: at most gemmBlock terms of a few neighbouring columns, [k][width], padded with
// zeros. A panel stays in the first cache while all rows of A pass by it; A and C are used where they lie.
type packedGemm struct {
	width       int                                             // columns of a panel: two vector registers, PanelAlign at most
	tiles       []gemmTile                                      // the highest first, the last of one row
	packRows    func(dst, src *float32, k, n, ld int)           // n columns of k rows, ld bytes apart
	packSquares func(dst, src *float32, squares, ld, width int) // 8 columns that lie as rows, of 8·squares terms
}

// gemmTile computes tiles times some rows of C from one panel: it reads a[r·ai + p·ak] and writes c[r·ldc + j], strides in bytes, for r, p and j
// within the tiles, which lie inside the slices that sgemm has bounded. From next on it fetches what the next panel takes.
type gemmTile struct {
	rows     int
	multiply func(c, a, b, next *float32, tiles, k, n, ai, ak, ldc int, add bool)
}

// PanelAlign is what the first column of a share of a product must be a multiple of.
const PanelAlign = 32

// maxRows is how many rows of A pass by before the next panel: 1020 rows of 256 terms are 1 MB, half the second cache of a server core.
const maxRows = 1020

// panelPool keeps one panel for each product that is under way.
var panelPool = sync.Pool{New: func() any { return new([gemmBlock * PanelAlign]float32) }}

// multiply packs one panel of B at a time.
func (g *packedGemm) multiply(c, a, b []float32, s gemmShape, accumulate bool) {
	buffer := panelPool.Get().(*[gemmBlock * PanelAlign]float32)
	defer panelPool.Put(buffer)
	g.sweep(c, a, s, accumulate, func(p0, j int, part gemmShape) (panel, next []float32) {
		panel = buffer[:part.k*g.width]
		g.pack(panel, b[p0*s.bk+j*s.bj:], part)
		return panel, panel
	})
}

// sweep takes the rows of A past one panel of B after the other: panelOf gives that of the columns from j and the terms from p0 on, for a part of
// the product, and the one behind it.
func (g *packedGemm) sweep(c, a []float32, s gemmShape, accumulate bool, panelOf func(p0, j int, part gemmShape) (panel, next []float32)) {
	for i := 0; i < s.m; i += maxRows {
		for p0 := 0; p0 < s.k; p0 += gemmBlock {
			part := s
			part.m, part.k = min(maxRows, s.m-i), min(gemmBlock, s.k-p0)
			for j := 0; j < s.n; j += g.width {
				part.n = min(g.width, s.n-j)
				panel, next := panelOf(p0, j, part)
				g.panel(c[i*s.ldc+j:], a[i*s.ai+p0*s.ak:], panel, next, part, accumulate || p0 > 0)
			}
		}
	}
}

// pack fills dst [s.k][width] with the first s.n columns of b, which starts at the panel's first element, and zeros.
func (g *packedGemm) pack(dst, b []float32, s gemmShape) {
	if s.bj == 1 {
		g.packRows(&dst[0], &b[0], s.k, s.n, 4*s.bk)
		return
	}
	squares := s.k / 8 // columns of B lie as rows
	if squares > 0 {
		for j := 0; j+8 <= s.n; j += 8 {
			g.packSquares(&dst[j], &b[j*s.bj], squares, 4*s.bj, 4*g.width)
		}
		if s.n < g.width {
			g.packRest(dst, b, 0, 8*squares, s.n&^7, s)
		}
	}
	g.packRest(dst, b, 8*squares, s.k, 0, s)
}

// packRest does the terms [p0,p1) of the columns [j0,s.n), and the zeros behind them.
func (g *packedGemm) packRest(dst, b []float32, p0, p1, j0 int, s gemmShape) {
	for p := p0; p < p1; p++ {
		row := dst[p*g.width : (p+1)*g.width]
		for j := j0; j < s.n; j++ {
			row[j] = b[p*s.bk+j*s.bj]
		}
		clear(row[s.n:])
	}
}

// panel multiplies s.m rows of A with one panel, s.k terms deep, into s.n ≤ width columns of C: with the highest tile as long as it fits, then with
// those below it. next is fetched meanwhile, 256 terms of a panel while 128 rows pass by.
func (g *packedGemm) panel(c, a, panel, next []float32, s gemmShape, add bool) {
	pb := unsafe.SliceData(panel)
	i := 0
	for t, tile := range g.tiles {
		follower := 0
		if t+1 < len(g.tiles) {
			follower = g.tiles[t+1].rows
		}
		if n := tilesOf(s.m-i, tile.rows, follower); n > 0 {
			tile.multiply(&c[i*s.ldc], &a[i*s.ai], pb, &next[min(2*g.width*i, len(next)-1)], n, s.k, s.n, 4*s.ai, 4*s.ak, 4*s.ldc, add)
			i += n * tile.rows
		}
	}
}

// tilesOf is how many tiles of so many rows m rows are given, before those of the next height. A low tile has too few sums to keep the processor busy:
// rather than leave it a rest, two of the next height take their place.
func tilesOf(m, rows, next int) int {
	n := m / rows
	if rest := m - n*rows; n > 0 && rest > 0 && rows+rest == 2*next {
		n--
	}
	return n
}
