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

// linearBlocksVNNI computes four rows at a time, then one.
func linearBlocksVNNI(w *BlockWeights, s blockShare) {
	width := s.x.width()
	for col := s.from; col < s.to; col += PanelAlignBlocks {
		p, y, cols := &w.panels[col/PanelAlignBlocks], s.y[col-s.from:], min(PanelAlignBlocks, s.to-col)
		four, one := avx512.Blocks4Rows4, avx512.Blocks4Rows1
		if p.typ == Q80 {
			four, one = avx512.Blocks8Rows4, avx512.Blocks8Rows1
		}
		for i := 0; i < s.m; {
			n, f := 1, one
			if s.m-i >= 4 {
				n, f = 4, four
			}
			f(&y[i*s.ldy], &s.x.records[(s.row+i)*width], &p.data[0], 4*width, 4*s.ldy, w.k/BlockTerms, cols, s.accumulate)
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
