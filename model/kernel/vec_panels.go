package kernel

import (
	"sync"
	"unsafe"
)

// The SIMD product works on panels of B: at most gemmBlock terms of a few neighbouring columns, [k][panelWidth], padded with zeros. A
// panel stays in the first cache while all rows of A pass by it; A and C are used where they lie.

// PanelAlign is what the first column of a share of a product must be a multiple of.
const PanelAlign = 32

// maxRows is how many rows of A pass by before the next panel: 1020 rows of 256 terms are 1 MB, half the second cache of a server core.
const maxRows = 1020

// panelWidth is two vector registers.
func panelWidth() int {
	if cpu == levelAVX512 {
		return 32
	}
	return 16
}

// panelPool keeps one panel for each product that is under way.
var panelPool = sync.Pool{New: func() any { return new([gemmBlock * PanelAlign]float32) }}

// sgemmPacking packs one panel of B at a time.
func sgemmPacking(c, a, b []float32, s gemmShape, accumulate bool) {
	width, buffer := panelWidth(), panelPool.Get().(*[gemmBlock * PanelAlign]float32)
	defer panelPool.Put(buffer)
	for i := 0; i < s.m; i += maxRows {
		for p0 := 0; p0 < s.k; p0 += gemmBlock {
			part := s
			part.m, part.k = min(maxRows, s.m-i), min(gemmBlock, s.k-p0)
			for j := 0; j < s.n; j += width {
				part.n = min(width, s.n-j)
				panel := buffer[:part.k*width]
				packPanel(panel, b[p0*s.bk+j*s.bj:], part.k, part.n, width, s)
				gemmPanel(c[i*s.ldc+j:], a[i*s.ai+p0*s.ak:], panel, part, accumulate || p0 > 0)
			}
		}
	}
}

// packPanel fills dst [terms][width] with n columns of b, which starts at the panel's first element, and zeros.
func packPanel(dst, b []float32, terms, n, width int, s gemmShape) {
	switch {
	case cpu == levelGeneric:
		packPanelGo(dst, b, 0, terms, 0, n, width, s)
	case s.bj == 1:
		if cpu == levelAVX512 {
			packRowsAVX512(&dst[0], &b[0], terms, n, 4*s.bk)
		} else {
			packRowsAVX2(&dst[0], &b[0], terms, n, 4*s.bk)
		}
	default: // columns of B lie as rows
		squares := terms / 8
		for j := 0; j+8 <= n && squares > 0; j += 8 {
			packSquaresAVX2(&dst[j], &b[j*s.bj], squares, 4*s.bj, 4*width)
		}
		if squares > 0 {
			packPanelGo(dst, b, 0, 8*squares, n&^7, n, width, s)
		}
		packPanelGo(dst, b, 8*squares, terms, 0, n, width, s)
	}
}

// packPanelGo does the terms [p0,p1) of the columns [j0,n), and the zeros behind them.
func packPanelGo(dst, b []float32, p0, p1, j0, n, width int, s gemmShape) {
	for p := p0; p < p1; p++ {
		row := dst[p*width : (p+1)*width]
		for j := j0; j < n; j++ {
			row[j] = b[p*s.bk+j*s.bj]
		}
		clear(row[n:])
	}
}

// gemmPanel multiplies s.m rows of A with one panel, s.k terms deep, into s.n ≤ width columns of C.
func gemmPanel(c, a, panel []float32, s gemmShape, add bool) {
	if cpu == levelGeneric {
		s.bk, s.bj = len(panel)/s.k, 1
		sgemmGo(c, a, panel, s, add)
		return
	}
	for i := 0; i < s.m; {
		i += gemmTile(c[i*s.ldc:], a[i*s.ai:], panel, s, s.m-i, add)
	}
}

// gemmTile does as many rows as the largest tile that fits into those left, and returns how many. The assembly reads
// a[r·ai + p·ak] and writes c[r·ldc + j] for r, p and j within the tile, which lie inside the slices that sgemm has bounded.
func gemmTile(c, a, panel []float32, s gemmShape, left int, add bool) int {
	pc, pa, pb := unsafe.SliceData(c), unsafe.SliceData(a), unsafe.SliceData(panel)
	k, n, ai, ak, ldc := s.k, s.n, 4*s.ai, 4*s.ak, 4*s.ldc
	if cpu == levelAVX512 {
		switch {
		case left >= 12:
			gemm12RowsAVX512(pc, pa, pb, k, n, ai, ak, ldc, add)
			return 12
		case left >= 8:
			gemm8RowsAVX512(pc, pa, pb, k, n, ai, ak, ldc, add)
			return 8
		case left >= 4:
			gemm4RowsAVX512(pc, pa, pb, k, n, ai, ak, ldc, add)
			return 4
		case left >= 2:
			gemm2RowsAVX512(pc, pa, pb, k, n, ai, ak, ldc, add)
			return 2
		}
		gemm1RowsAVX512(pc, pa, pb, k, n, ai, ak, ldc, add)
		return 1
	}
	switch {
	case left >= 6:
		gemm6RowsAVX2(pc, pa, pb, k, n, ai, ak, ldc, add)
		return 6
	case left >= 4:
		gemm4RowsAVX2(pc, pa, pb, k, n, ai, ak, ldc, add)
		return 4
	case left >= 2:
		gemm2RowsAVX2(pc, pa, pb, k, n, ai, ak, ldc, add)
		return 2
	}
	gemm1RowsAVX2(pc, pa, pb, k, n, ai, ak, ldc, add)
	return 1
}
