package kernel

import "slm/model/kernel/internal/avx2"

// narrow8 is how many columns the AVX2 kernels of bytes compute at a time.
const narrow8 = 16

// linear8AVX2 computes two rows at a time, then one, of a part of a panel, whose weights stay in the first cache.
func linear8AVX2(w *Weights8, s share8) {
	for col := s.from; col < s.to; col += narrow8 {
		weights := &w.data[col/PanelAlign8*w.panelBytes()+4*(col%PanelAlign8)]
		for i := 0; i < s.m; {
			n, f := 1, avx2.Int8Rows1
			if s.m-i >= 2 {
				n, f = 2, avx2.Int8Rows2
			}
			f(&s.y[i*s.ldy+col-s.from], &s.x.data[2*(s.row+i)*s.x.width], weights, &w.start[col], &w.scale[col], &s.x.scale[s.row+i],
				s.x.width, 4*s.ldy, 16*w.steps, min(narrow8, s.to-col), s.accumulate)
			i += n
		}
	}
}
