package kernel

import (
	"sync"

	"github.com/klauspost/cpuid/v2"

	"slm/model/kernel/internal/amx"
	"slm/model/kernel/internal/avx512"
)

// tallRows8 is from how many rows on tiles are faster than vectors.
const tallRows8 = 5

// haveTiles8 says whether the tiles multiply bytes. It is asked for when first needed, for Linux hands tiles out on request.
var haveTiles8 = sync.OnceValue(func() bool { return amxReady() == nil && cpuid.CPU.Has(cpuid.AMXINT8) })

// linear8VNNI needs AVX512_VNNI, and takes tiles where there are some.
func linear8VNNI(w *Weights8, s share8) {
	if s.m >= tallRows8 && haveTiles8() {
		linear8Tiles(w, s)
	} else {
		linear8Rows(w, s)
	}
}

func linear8Tiles(w *Weights8, s share8) {
	f := amx.Int8Tiles
	if s.accumulate {
		f = amx.Int8TilesAdd
	}
	for col := s.from; col < s.to; col += PanelAlign8 {
		panel, y, cols := s.cut(col)
		for half := 0; half < cols; half += tileSide {
			f(&y[half], &s.x.data[2*s.row*s.x.width], &w.data[panel*w.panelBytes()+4*half], &w.start[col+half], &w.scale[col+half], &s.x.scale[s.row],
				s.x.width, 4*s.ldy, w.steps, s.m, min(tileSide, cols-half))
		}
	}
}

// linear8Rows computes two rows at a time, then one.
func linear8Rows(w *Weights8, s share8) {
	for col := s.from; col < s.to; col += PanelAlign8 {
		panel, y, cols := s.cut(col)
		for i := 0; i < s.m; {
			n, f := 1, avx512.Int8Rows1
			if s.m-i >= 2 {
				n, f = 2, avx512.Int8Rows2
			}
			f(&y[i*s.ldy], &s.x.data[2*(s.row+i)*s.x.width], &w.data[panel*w.panelBytes()], &w.start[col], &w.scale[col], &s.x.scale[s.row+i],
				s.x.width, 4*s.ldy, 16*w.steps, cols, s.accumulate)
			i += n
		}
	}
}
