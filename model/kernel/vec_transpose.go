package kernel

// Transpose16 writes the transpose of src [rows,cols] (row-major, 16-bit elements) to dst [cols,rows]. They must not overlap.
func Transpose16(dst, src []uint16, rows, cols int) {
	sameLen("Transpose16", rows*cols, len(dst), len(src))
	if cpu == levelGeneric {
		transpose16Go(dst, src, rows, cols, 0, rows, 0, cols)
		return
	}
	transposeUnitsAVX2(dst, src, rows, cols)
	r, c := rows&^15, cols&^7 // what the units left
	transpose16Go(dst, src, rows, cols, 0, r, c, cols)
	transpose16Go(dst, src, rows, cols, r, rows, 0, cols)
}

// ToBF16Transposed rounds src [rows,cols] to bf16 and writes its transpose to dst [cols,rows].
func ToBF16Transposed(dst []uint16, src []float32, rows, cols int) {
	sameLen("ToBF16Transposed", rows*cols, len(dst), len(src))
	switch cpu {
	case levelAVX512:
		toBF16TransposeUnitsAVX512(dst, src, rows, cols)
	case levelAVX2:
		toBF16TransposeUnitsAVX2(dst, src, rows, cols)
	default:
		toBF16TransposedGo(dst, src, rows, cols, 0, rows, 0, cols)
		return
	}
	r, c := rows&^15, cols&^7 // what the units left
	toBF16TransposedGo(dst, src, rows, cols, 0, r, c, cols)
	toBF16TransposedGo(dst, src, rows, cols, r, rows, 0, cols)
}

// transpose16Go does the rows [r0,r1) and columns [c0,c1) of the source.
func transpose16Go(dst, src []uint16, rows, cols, r0, r1, c0, c1 int) {
	for r := r0; r < r1; r++ {
		for c := c0; c < c1; c++ {
			dst[c*rows+r] = src[r*cols+c]
		}
	}
}

func toBF16TransposedGo(dst []uint16, src []float32, rows, cols, r0, r1, c0, c1 int) {
	for r := r0; r < r1; r++ {
		for c := c0; c < c1; c++ {
			dst[c*rows+r] = roundBF16(src[r*cols+c])
		}
	}
}
