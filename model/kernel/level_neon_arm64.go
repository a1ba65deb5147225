package kernel

import (
	"unsafe"

	"slm/model/kernel/internal/neon"
)

// neonLevel has the products in assembly, and everything else from plain Go.
var neonLevel = &level{name: "neon", supported: func() bool { return true }, along: true, panels: gemmNEON, ops: neonOps(generic.ops)}

var gemmNEON = &packedGemm{
	width:    neonColumns,
	tiles:    []gemmTile{{5, neonGemm(5)}, {3, neonGemm(3)}, {2, neonGemm(2)}, {1, neonGemm(1)}},
	packRows: packRowsNEON, packSquares: packSquaresNEON,
}

func neonOps(o ops) ops {
	o.sgemm = gemmNEON.multiply
	o.pairProduct, o.stepProduct = pairProductNEON, stepProductNEON
	return o
}

// A tile has at most neonRows rows, and always neonColumns columns.
const (
	neonRows    = 5
	neonColumns = 16
)

// neonTile calls the tile of so many rows by its name: what it is given then stays on the stack.
func neonTile(rows int, c, from, a, b *float32, k, ai, ak, ldc, ldfrom int, plus, flush bool) (flags uint32) {
	switch rows {
	case 1:
		return neon.Tile1(c, from, a, b, k, ai, ak, ldc, ldfrom, plus, flush)
	case 2:
		return neon.Tile2(c, from, a, b, k, ai, ak, ldc, ldfrom, plus, flush)
	case 3:
		return neon.Tile3(c, from, a, b, k, ai, ak, ldc, ldfrom, plus, flush)
	}
	return neon.Tile5(c, from, a, b, k, ai, ak, ldc, ldfrom, plus, flush)
}

// neonRowsFor is how many rows of n the next tile takes.
func neonRowsFor(n int) int {
	switch {
	case n >= neonRows:
		return neonRows
	case n == 4:
		return 2
	}
	return n
}

// neonGemm is a tile that writes n ≤ neonColumns columns. It leaves the next panel to the processor.
func neonGemm(rows int) func(c, a, b, next *float32, tiles, k, n, ai, ak, ldc int, add bool) {
	return func(c, a, b, _ *float32, tiles, k, n, ai, ak, ldc int, add bool) {
		for t := range tiles {
			neonColumnsOf(rows, (*float32)(unsafe.Add(unsafe.Pointer(c), t*rows*ldc)), (*float32)(unsafe.Add(unsafe.Pointer(a), t*rows*ai)), b, k, n, ai, ak, ldc, add)
		}
	}
}

// neonColumnsOf computes the first n columns of one tile.
func neonColumnsOf(rows int, c, a, b *float32, k, n, ai, ak, ldc int, add bool) {
	if n == neonColumns {
		neonTile(rows, c, nil, a, b, k, ai, ak, ldc, 0, add, false)
		return
	}
	var room [neonRows * neonColumns]float32
	neonTile(rows, &room[0], nil, a, b, k, ai, ak, 4*neonColumns, 0, false, false)
	for r := range rows {
		row := unsafe.Slice((*float32)(unsafe.Add(unsafe.Pointer(c), r*ldc)), n)
		for j := range row {
			if v := room[r*neonColumns+j]; add {
				row[j] += v
			} else {
				row[j] = v
			}
		}
	}
}

// packRowsNEON copies n columns of k rows, ld bytes apart, and fills up with zeros.
func packRowsNEON(dst, src *float32, k, n, ld int) {
	panel := unsafe.Slice(dst, k*neonColumns)
	for p := range k {
		row := panel[p*neonColumns : (p+1)*neonColumns]
		copy(row, unsafe.Slice((*float32)(unsafe.Add(unsafe.Pointer(src), p*ld)), n))
		clear(row[n:])
	}
}

// packSquaresNEON transposes 8 rows of src, ld bytes apart, of 8·squares elements, into rows of dst width bytes apart.
func packSquaresNEON(dst, src *float32, squares, ld, width int) {
	step := width / 4
	panel := unsafe.Slice(dst, (8*squares-1)*step+8)
	for j := range 8 {
		for p, v := range unsafe.Slice((*float32)(unsafe.Add(unsafe.Pointer(src), j*ld)), 8*squares) {
			panel[p*step+j] = v
		}
	}
}
