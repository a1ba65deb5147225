package kernel

import (
	"sync"

	"slm/model/kernel/internal/avx2"
)

// Columns that the AVX2 kernels of bytes compute at a time. A single row reads more of a panel's line at once, as it waits for memory.
const (
	narrowPair8 = 16
	narrowRow8  = 32
)

// linear8AVX2 computes rows by fours as words; then by twos, a part of a panel after the other, whose weights stay in the first cache; then the row that is left.
func linear8AVX2(w *Weights8, s share8) {
	done := s.words8(w)
	pairs := s.m - (s.m-done)%2
	for col := s.from; col < s.to && pairs > done; col += narrowPair8 {
		for i := done; i < pairs; i += 2 {
			s.narrow8(w, avx2.Int8Rows2, i, col, narrowPair8)
		}
	}
	for col := s.from; col < s.to && pairs < s.m; col += narrowRow8 {
		s.narrow8(w, avx2.Int8Rows1, pairs, col, narrowRow8)
	}
}

// Rows that are computed as words at a time, and fewer than which are not worth making the weights words.
const (
	wordRows8 = 4
	manyRows8 = 4
)

// wordRoom holds operands as words, of bytes or of blocks: the left one's rows, and a part of a panel.
type wordRoom struct{ left, right []uint32 }

var wordRooms = sync.Pool{New: func() any { return new(wordRoom) }}

// words8 computes the first rows of a share as words, and returns how many: a multiple of wordRows8, or none where they are few or sums may be too large.
func (s *share8) words8(w *Weights8) (rows int) {
	if s.m < manyRows8 || !w.small {
		return 0
	}
	room := wordRooms.Get().(*wordRoom)
	defer wordRooms.Put(room)
	rows = s.m &^ (wordRows8 - 1)
	quads, width := s.x.width/4, s.x.width/2 // words of 32 bits in a row
	left, right := Grow(&room.left, rows*width), Grow(&room.right, 2*narrowPair8*quads)
	for i := range rows {
		bytes := s.x.data[2*(s.row+i)*s.x.width:]
		avx2.Int8LeftWords(&left[i*width], &bytes[0], &bytes[s.x.width], quads)
	}
	for col := s.from; col < s.to; col += narrowPair8 {
		avx2.Int8RightWords(&right[0], w.at(col), quads)
		for i := 0; i < rows; i += wordRows8 {
			avx2.Int8WordRows(&s.y[i*s.ldy+col-s.from], &left[i*width], &right[0], &w.scale[col], &s.x.scale[s.row+i], 4*width, 4*s.ldy, quads,
				min(narrowPair8, s.to-col), s.accumulate)
		}
	}
	return rows
}

// at is where a column's bytes begin.
func (w *Weights8) at(col int) *byte {
	return &w.data[col/PanelAlign8*w.panelBytes()+4*(col%PanelAlign8)]
}

// narrow8 computes rows from row i on, and columns from column col on.
func (s *share8) narrow8(w *Weights8, f func(y *float32, x, w *byte, start *int32, scale, rowScale *float32, ldx, ldy, quads, cols int, add bool), i, col, cols int) {
	f(&s.y[i*s.ldy+col-s.from], &s.x.data[2*(s.row+i)*s.x.width], w.at(col), &w.start[col], &w.scale[col],
		&s.x.scale[s.row+i], s.x.width, 4*s.ldy, 16*w.steps, min(cols, s.to-col), s.accumulate)
}

// quantiseAVX2 does 32 values at a time.
func quantiseAVX2(upper, lower []byte, x []float32, inverse float32) {
	n := len(x) &^ 31
	if n > 0 {
		avx2.Quantise32(&upper[0], &lower[0], &x[0], n, inverse)
	}
	quantiseGo(upper[n:], lower[n:], x[n:], inverse)
}
