package kernel

import "slm/model/kernel/internal/avx2"

// Columns that the AVX2 kernels of bytes compute at a time. A single row reads more of a panel's line at once, as it waits for memory.
const (
	narrowPair8 = 16
	narrowRow8  = 32
)

// linear8AVX2 computes rows by twos, a part of a panel after the other, whose weights stay in the first cache; then the row that is left.
func linear8AVX2(w *Weights8, s share8) {
	pairs := s.m &^ 1
	for col := s.from; col < s.to && pairs > 0; col += narrowPair8 {
		for i := 0; i < pairs; i += 2 {
			s.narrow8(w, avx2.Int8Rows2, i, col, narrowPair8)
		}
	}
	for col := s.from; col < s.to && pairs < s.m; col += narrowRow8 {
		s.narrow8(w, avx2.Int8Rows1, pairs, col, narrowRow8)
	}
}

// narrow8 computes rows from row i on, and columns from column col on.
func (s *share8) narrow8(w *Weights8, f func(y *float32, x, w *byte, start *int32, scale, rowScale *float32, ldx, ldy, quads, cols int, add bool), i, col, cols int) {
	f(&s.y[i*s.ldy+col-s.from], &s.x.data[2*(s.row+i)*s.x.width], &w.data[col/PanelAlign8*w.panelBytes()+4*(col%PanelAlign8)], &w.start[col], &w.scale[col],
		&s.x.scale[s.row+i], s.x.width, 4*s.ldy, 16*w.steps, min(cols, s.to-col), s.accumulate)
}
