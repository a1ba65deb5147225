package kernel

import "slm/model/kernel/internal/avx2"

// narrowRows computes some rows of the columns [first, first+8) of a panel; strides are in bytes.
type narrowRows func(y *float32, x *uint32, scales, numbers *byte, ldx, ldy, blocks, cols, first int, add bool)

// blocksAVX2 are for two rows and one.
var blocksAVX2 = [...][2]narrowRows{
	Q41: {avx2.BlocksQ41Rows2, avx2.BlocksQ41Rows1},
	Q50: {avx2.BlocksQ50Rows2, avx2.BlocksQ50Rows1},
	Q51: {avx2.BlocksQ51Rows2, avx2.BlocksQ51Rows1},
	Q80: {avx2.BlocksQ80Rows2, avx2.BlocksQ80Rows1},
	Q4K: {avx2.BlocksQ4KRows2, avx2.BlocksQ4KRows1},
	Q5K: {avx2.BlocksQ5KRows2, avx2.BlocksQ5KRows1},
	Q6K: {avx2.BlocksQ6KRows2, avx2.BlocksQ6KRows1},
}

func linearBlocksAVX2(w *BlockWeights, s blockShare) {
	const half = PanelAlignBlocks / 2
	width := s.x.width()
	for col := s.from; col < s.to; col += half {
		p, y, first := &w.panels[col/PanelAlignBlocks], s.y[col-s.from:], col%PanelAlignBlocks
		f := &blocksAVX2[p.typ]
		for i := 0; i < s.m; {
			n, rows := 1, f[1]
			if s.m-i >= 2 {
				n, rows = 2, f[0]
			}
			rows(&y[i*s.ldy], &s.x.records[(s.row+i)*width], &p.scales[0], &p.numbers[0], 4*width, 4*s.ldy, w.k/BlockTerms, min(half, s.to-col), first, s.accumulate)
			i += n
		}
	}
}

func roundBlocksAVX2(records []uint32, x []float32) {
	if len(x) > 0 {
		avx2.RoundBlocks(&records[0], x)
	}
}
