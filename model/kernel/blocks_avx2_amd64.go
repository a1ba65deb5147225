package kernel

import "slm/model/kernel/internal/avx2"

// blocksAVX2 are for one row, which passes by a panel once, and for two, half a panel at a time. Strides are in bytes.
var blocksAVX2 = [...]struct {
	row  func(y *float32, x *uint32, scales, numbers *byte, ldy, blocks, cols int, add bool)
	rows func(y *float32, x *uint32, scales, numbers *byte, ldx, ldy, blocks, cols, first int, add bool)
}{
	Q41: {avx2.BlocksQ41Row, avx2.BlocksQ41Rows2},
	Q50: {avx2.BlocksQ50Row, avx2.BlocksQ50Rows2},
	Q51: {avx2.BlocksQ51Row, avx2.BlocksQ51Rows2},
	Q80: {avx2.BlocksQ80Row, avx2.BlocksQ80Rows2},
	Q4K: {avx2.BlocksQ4KRow, avx2.BlocksQ4KRows2},
	Q5K: {avx2.BlocksQ5KRow, avx2.BlocksQ5KRows2},
	Q6K: {avx2.BlocksQ6KRow, avx2.BlocksQ6KRows2},
}

func linearBlocksAVX2(w *BlockWeights, s blockShare) {
	const half = PanelAlignBlocks / 2
	width, blocks, done := s.x.width(), w.k/BlockTerms, s.wordBlocks(w)
	for col := s.from; col < s.to; col += PanelAlignBlocks {
		p, last := &w.panels[col/PanelAlignBlocks], min(col+PanelAlignBlocks, s.to)
		f := &blocksAVX2[p.typ]
		i := done
		for ; i+2 <= s.m; i += 2 {
			for c := col; c < last; c += half {
				f.rows(&s.y[i*s.ldy+c-s.from], &s.x.records[(s.row+i)*width], &p.scales[0], &p.numbers[0], 4*width, 4*s.ldy, blocks, min(half, last-c), c-col, s.accumulate)
			}
		}
		if i < s.m {
			f.row(&s.y[i*s.ldy+col-s.from], &s.x.records[(s.row+i)*width], &p.scales[0], &p.numbers[0], 4*s.ldy, blocks, last-col, s.accumulate)
		}
	}
}

// Blocks as words: four rows at a time of a left operand, and the half of a panel.
const (
	blockWordRows  = 4
	leftWordBlock  = 18  // words of 32 bits
	rightWordBlock = 144 // of 8 columns
)

// blocksInWords make half of a panel words, and multiply four rows with it.
var blocksInWords = [...]struct {
	words func(dst *uint32, scales, numbers *byte, blocks, first int)
	rows  func(y *float32, x, w *uint32, ldx, ldy, blocks, cols int, add bool)
}{
	Q41: {avx2.BlocksQ41Words, avx2.BlockWordRowsLeast},
	Q50: {avx2.BlocksQ50Words, avx2.BlockWordRowsWhole},
	Q51: {avx2.BlocksQ51Words, avx2.BlockWordRowsLeast},
	Q80: {avx2.BlocksQ80Words, avx2.BlockWordRowsWhole},
	Q4K: {avx2.BlocksQ4KWords, avx2.BlockWordRowsLeast},
	Q5K: {avx2.BlocksQ5KWords, avx2.BlockWordRowsLeast},
	Q6K: {avx2.BlocksQ6KWords, avx2.BlockWordRowsParts},
}

// wordBlocks computes the first rows of a share as words, and returns how many: a multiple of blockWordRows.
func (s *blockShare) wordBlocks(w *BlockWeights) (rows int) {
	const half = PanelAlignBlocks / 2
	if rows = s.m &^ (blockWordRows - 1); rows == 0 {
		return 0
	}
	room := wordRooms.Get().(*wordRoom)
	defer wordRooms.Put(room)
	blocks, width := w.k/BlockTerms, w.k/BlockTerms*leftWordBlock
	left, right := Grow(&room.left, rows*width), Grow(&room.right, blocks*rightWordBlock)
	for i := range rows {
		avx2.BlockLeftWords(&left[i*width], &s.x.records[(s.row+i)*s.x.width()], blocks)
	}
	for col := s.from; col < s.to; col += half {
		p := &w.panels[col/PanelAlignBlocks]
		in := &blocksInWords[p.typ]
		in.words(&right[0], &p.scales[0], &p.numbers[0], blocks, col%PanelAlignBlocks)
		for i := 0; i < rows; i += blockWordRows {
			in.rows(&s.y[i*s.ldy+col-s.from], &left[i*width], &right[0], 4*width, 4*s.ldy, blocks, min(half, s.to-col), s.accumulate)
		}
	}
	return rows
}

func roundBlocksAVX2(records []uint32, x []float32) {
	if len(x) > 0 {
		avx2.RoundBlocks(&records[0], x)
	}
}
