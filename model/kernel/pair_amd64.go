package kernel

import (
	"sync"
	"unsafe"

	"slm/model/kernel/internal/avx2"
	"slm/model/kernel/internal/avx512"
)

// pairTile computes up to so many rows of a panel. Strides are in bytes.
type pairTile struct {
	rows     int
	multiply func(c, from *float32, a, b *byte, pairs, n, ai, ak, ldc, ldfrom int)
}

// widePairs multiplies widened terms with fused steps in float32, in tiles of width columns, the highest first and the last of one row.
type widePairs struct {
	width int
	tiles []pairTile
}

var (
	pairTilesAVX2   = &widePairs{16, []pairTile{{4, avx2.WidePairRows4}, {2, avx2.WidePairRows2}, {1, avx2.WidePairRows1}}}
	pairTilesAVX512 = &widePairs{32, []pairTile{{4, avx512.WidePairRows4}, {2, avx512.WidePairRows2}, {1, avx512.WidePairRows1}}}
	stepTilesAVX2   = &widePairs{16, []pairTile{{3, inSteps(avx2.StepRows3)}, {1, inSteps(avx2.StepRows1)}}}
	stepTilesAVX512 = &widePairs{32, []pairTile{{3, inSteps(avx512.StepRows3)}, {1, inSteps(avx512.StepRows1)}}}
)

// inSteps counts in steps.
func inSteps(multiply func(c, from *float32, a, b *byte, steps, n, ai, ak, ldc, ldfrom int)) func(c, from *float32, a, b *byte, pairs, n, ai, ak, ldc, ldfrom int) {
	return func(c, from *float32, a, b *byte, pairs, n, ai, ak, ldc, ldfrom int) {
		multiply(c, from, a, b, pairs/stepPairs, n, ai, ak, ldc, ldfrom)
	}
}

// sumRooms hold sums on their way to bf16.
var sumRooms = sync.Pool{New: func() any { return new([12 * pairColumns]float32) }}

func (w *widePairs) product(s pairShare) { s.parts(w.panel) }

func (w *widePairs) panel(s pairShare) {
	room := sumRooms.Get().(*[12 * pairColumns]float32)
	defer sumRooms.Put(room)
	for i, t := 0, 0; i < s.m; i += w.tiles[t].rows {
		for w.tiles[t].rows > s.m-i {
			t++
		}
		for j := 0; j < s.n; j += w.width {
			n, c, ldc := min(w.width, s.n-j), &room[j], pairColumns
			if s.half == nil {
				c, ldc = &s.c[i*s.ldc+j], s.ldc
			}
			var from *float32
			if s.from != nil {
				from = &s.from[i*s.ldfrom+j]
			}
			w.tiles[t].multiply(c, from, bytesOf(s.a[i*s.ai:]), bytesOf(s.b[2*j:]), s.pairs, n, 2*s.ai, 2*s.ak, 4*ldc, 4*s.ldfrom)
		}
		if s.half != nil {
			for r := range w.tiles[t].rows {
				ToBF16(s.half[(i+r)*s.ldc:(i+r)*s.ldc+s.n], room[r*pairColumns:r*pairColumns+s.n])
			}
		}
	}
}

// nativePair is a tile of rows on VDPBF16PS, which also rounds to bf16.
type nativePair struct {
	rows     int
	multiply func(c *byte, from *float32, a, b *byte, pairs, n, ai, ak, ldc, ldfrom int, round bool)
}

var nativePairs = []nativePair{{12, avx512.PairRows12}, {8, avx512.PairRows8}, {4, avx512.PairRows4}, {2, avx512.PairRows2}, {1, avx512.PairRows1}}

func pairProductNative(s pairShare) { s.parts(pairPanelNative) }

func pairPanelNative(s pairShare) {
	b, size := bytesOf(s.b), 4
	if s.half != nil {
		size = 2
	}
	for i, t := 0, 0; i < s.m; i += nativePairs[t].rows {
		for nativePairs[t].rows > s.m-i {
			t++
		}
		var from *float32
		if s.from != nil {
			from = &s.from[i*s.ldfrom]
		}
		c := unsafe.Pointer(nil)
		if s.half != nil {
			c = unsafe.Pointer(&s.half[i*s.ldc])
		} else {
			c = unsafe.Pointer(&s.c[i*s.ldc])
		}
		nativePairs[t].multiply((*byte)(c), from, bytesOf(s.a[i*s.ai:]), b, s.pairs, s.n, 2*s.ai, 2*s.ak, size*s.ldc, 4*s.ldfrom, s.half != nil)
	}
}

func packPairRows(dst, src []uint16, ld, steps int) {
	avx512.PackPairRows(bytesOf(dst), bytesOf(src), 2*ld, steps)
}

func packPairColumns(dst, src []uint16, ld, steps int) {
	avx512.PackPairColumns(bytesOf(dst), bytesOf(src), 2*ld, steps)
}
