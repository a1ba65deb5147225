package kernel

import (
	"math"

	"slm/model/kernel/internal/avx512"
)

// transposeSquares is transposeGo with whole squares in registers.
func transposeSquares(dst, src []float32, rows, cols, ld int) {
	for r := 0; r < rows; r += square {
		for c := 0; c < cols; c += square {
			if r+square <= rows && c+square <= cols {
				avx512.Transpose16(&dst[c*rows+r], &src[r*ld+c], 4*rows, 4*ld)
			} else {
				transposeSquare(dst, src, rows, cols, ld, r, c)
			}
		}
	}
}

func roundBlocks(records []uint32, x []float32) {
	if len(x) > 0 {
		avx512.RoundBlocks(&records[0], x)
	}
}

// blockRows computes some rows of a panel; strides are in bytes.
type blockRows func(y *float32, x *uint32, scales, numbers *byte, ldx, ldy, blocks, cols int, add bool)

// blocksVNNI are for eight rows, four and one.
var blocksVNNI = [...][3]blockRows{
	Q41: {avx512.BlocksQ41Rows8, avx512.BlocksQ41Rows4, avx512.BlocksQ41Rows1},
	Q50: {avx512.BlocksQ50Rows8, avx512.BlocksQ50Rows4, avx512.BlocksQ50Rows1},
	Q51: {avx512.BlocksQ51Rows8, avx512.BlocksQ51Rows4, avx512.BlocksQ51Rows1},
	Q80: {avx512.BlocksQ80Rows8, avx512.BlocksQ80Rows4, avx512.BlocksQ80Rows1},
	Q4K: {avx512.BlocksQ4KRows8, avx512.BlocksQ4KRows4, avx512.BlocksQ4KRows1},
	Q5K: {avx512.BlocksQ5KRows8, avx512.BlocksQ5KRows4, avx512.BlocksQ5KRows1},
	Q6K: {avx512.BlocksQ6KRows8, avx512.BlocksQ6KRows4, avx512.BlocksQ6KRows1},
}

func linearBlocksVNNI(w *BlockWeights, s blockShare) {
	width := s.x.width()
	for col := s.from; col < s.to; col += PanelAlignBlocks {
		p, y, cols := &w.panels[col/PanelAlignBlocks], s.y[col-s.from:], min(PanelAlignBlocks, s.to-col)
		f := &blocksVNNI[p.typ]
		for i := 0; i < s.m; {
			n, rows := 1, f[2]
			switch {
			case s.m-i >= 8:
				n, rows = 8, f[0]
			case s.m-i >= 4:
				n, rows = 4, f[1]
			}
			rows(&y[i*s.ldy], &s.x.records[(s.row+i)*width], &p.scales[0], &p.numbers[0], 4*width, 4*s.ldy, w.k/BlockTerms, cols, s.accumulate)
			i += n
		}
	}
}

// decodeAttention64 is for heads of 64, eight keys at a time.
func decodeAttention64(out, q []float32, k, v, next []uint16, scores []float32, wide *[]float32) {
	const hd = 64
	n := len(scores)
	if n == 0 || len(q) != hd {
		decodeAttentionGo(out, q, k, v, next, scores, wide)
		return
	}
	if len(next) < len(v) {
		next = v // nothing is asked for but what is there
	}
	whole := n &^ 7
	if whole > 0 {
		avx512.Dots64(scores[:whole], &q[0], &k[0], &v[0])
	}
	if whole < n {
		var keys [8 * hd]uint16
		var rest [8]float32
		copy(keys[:], k[whole*hd:])
		avx512.Dots64(rest[:], &q[0], &keys[0], &v[whole*hd])
		copy(scores[whole:], rest[:])
	}
	softmax(scores, float32(1/math.Sqrt(hd)))
	avx512.Mix64(&out[0], scores, &v[0], &next[0])
}
