package kernel

import "slm/model/kernel/internal/avx512"

// amxLeft is a left operand whose rows are whole steps, and filled up to a multiple of 16. Strides are in bytes.
type amxLeft struct {
	data            []uint16
	steps           int
	lda, step, half int
	strip           int // elements from 32 rows to the next 32
	rows            splitSource
	first           int // step of the first element; not 0 if rows are split step by step
}

// amxLeftOperand packs or pads A into buf where it has to.
func amxLeftOperand(buf *[]uint16, a []uint16, s Shape) amxLeft {
	steps := (s.K + tileSide - 1) / tileSide
	if s.TransA {
		dst := aligned(buf, (s.M+tileSide-1)/tileSide*steps*stepSize)
		for step := range steps { // so that rows of the transpose are read along
			for row := 0; row < s.M; row += tileSide {
				amxPackTransposed(dst[row*steps*tileSide+step*stepSize:], a[step*tileSide*s.LDA+row:], s.LDA, min(tileSide, s.M-row), min(tileSide, s.K-step*tileSide))
			}
		}
		return amxLeft{data: dst, steps: steps, lda: 64, step: 2 * stepSize, half: stepSize, strip: steps * stepSize}
	}
	ld := s.LDA
	if s.K%tileSide != 0 || s.M%16 != 0 {
		high := (s.M + 15) &^ 15
		ld = steps * tileSide
		dst := aligned(buf, high*ld)
		for i := range high {
			line, n := dst[i*ld:(i+1)*ld], 0
			if i < s.M {
				n = copy(line, a[i*s.LDA:i*s.LDA+s.K])
			}
			clear(line[n:])
		}
		a = dst
	}
	return amxLeft{data: a, steps: steps, lda: 2 * ld, step: 2 * tileSide, half: 32 * ld, strip: tileSide * ld}
}

// amxPackTransposed packs a step of up to 32 terms of up to 32 rows of a left operand that is given as its transpose a [terms,rows…]: tiles
// of 16 rows by 32 terms.
func amxPackTransposed(dst, a []uint16, ld, rows, terms int) {
	if rows == tileSide && terms == tileSide {
		avx512.PackTileLeft(bytesOf(dst), bytesOf(a), 2*ld, 1)
		return
	}
	clear(dst[:stepSize])
	for t := range terms {
		for i, v := range a[t*ld : t*ld+rows] {
			dst[i*tileSide+t] = v
		}
	}
}
