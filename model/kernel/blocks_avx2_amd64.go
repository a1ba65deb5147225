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
	width, done := s.x.width(), s.wordBlocks(w)
	for col := s.from; col < s.to && done < s.m; col += half {
		p, y, first := &w.panels[col/PanelAlignBlocks], s.y[col-s.from:], col%PanelAlignBlocks
		f := &blocksAVX2[p.typ]
		for i := done; i < s.m; {
			n, rows := 1, f[1]
			if s.m-i >= 2 {
				n, rows = 2, f[0]
			}
			rows(&y[i*s.ldy], &s.x.records[(s.row+i)*width], &p.scales[0], &p.numbers[0], 4*width, 4*s.ldy, w.k/BlockTerms, min(half, s.to-col), first, s.accumulate)
			i += n
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
