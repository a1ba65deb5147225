package kernel

import "slm/model/kernel/internal/avx2"

// transposeAVX2 is transposeGo with squares of 8 in registers. Two of them side by side are the lines of src, and one row of lines after the other is written along.
func transposeAVX2(dst, src []float32, rows, cols, ld int) {
	for c := 0; c < cols; c += square {
		for r := 0; r < rows; r += square {
			if r+square > rows || c+square > cols {
				transposeSquare(dst, src, rows, cols, ld, r, c)
				continue
			}
			for half := r; half < r+square; half += 8 {
				avx2.PackSquares(&dst[c*rows+half], &src[half*ld+c], square/8, 4*ld, 4*rows)
			}
		}
	}
}
