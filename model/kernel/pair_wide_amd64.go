package kernel

import (
	"sync"

	"slm/model/kernel/internal/avx2"
	"slm/model/kernel/internal/avx512"
)

// wideProduct multiplies bf16 with fused steps of float32, in tiles of some columns. Rows of A are widened once a product, columns of B once for all rows:
// so the inner loop is that of float32 with the terms in a class's order. Operands stay packed in bf16, and a thread has half a megabyte of what is wide.
type wideProduct struct {
	few   *widePairs // multiplies a few rows, which do not pay for widening B. Its tiles are as wide: pairColumns or half of them
	unit  int        // pairs of what a tile counts
	widen func(dst *float32, src *byte, pairs int)
	tiles []wideTile
	rows  int // at most, of A that are widened at once
	terms int // of them all, which stay in the second cache
}

// wideTile computes tiles times some rows; the highest is first, and the last has one row.
type wideTile struct {
	rows     int
	multiply func(c *byte, from, a, b *float32, next *byte, tiles, units, n, ai, ldc, ldfrom int, round bool)
}

var (
	widePairsAVX2 = &wideProduct{pairTilesAVX2, 1, avx2.WidenPairs,
		[]wideTile{{6, avx2.WideRows6}, {4, avx2.WideRows4}, {2, avx2.WideRows2}, {1, avx2.WideRows1}}, wideRows, wideTerms}
	wideStepsAVX2 = &wideProduct{stepTilesAVX2, stepPairs, avx2.WidenPairs,
		[]wideTile{{3, avx2.WideSteps3}, {2, avx2.WideSteps2}, {1, avx2.WideSteps1}}, wideRows, wideTerms}
	widePairsAVX512 = &wideProduct{pairTilesAVX512, 1, avx512.WidenPairs,
		[]wideTile{{12, avx512.WideRows12}, {8, avx512.WideRows8}, {4, avx512.WideRows4}, {2, avx512.WideRows2}, {1, avx512.WideRows1}}, wideRows, wideTerms}
	wideStepsAVX512 = &wideProduct{stepTilesAVX512, stepPairs, avx512.WidenPairs,
		[]wideTile{{6, avx512.WideSteps6}, {4, avx512.WideSteps4}, {2, avx512.WideSteps2}, {1, avx512.WideSteps1}}, wideRows, wideTerms}
)

const (
	widePanel = 128 // pairs of a panel of B, which stays near with the rows of a tile
	wideTerms = 96 << 10
	wideRows  = 192
	fewRows   = 6 // below which B is widened in the inner loop
)

// wideRoom is what a product works in.
type wideRoom struct {
	a    []float32
	b    [2 * widePanel * pairColumns]float32
	sums [wideRows * pairColumns]float32 // on their way to bf16
}

var wideRooms = sync.Pool{New: func() any { return new(wideRoom) }}

func (w *wideProduct) product(s pairShare) {
	if s.m < fewRows || s.m > s.high || s.ak != 2 {
		w.few.product(s)
		return
	}
	room := wideRooms.Get().(*wideRoom)
	defer wideRooms.Put(room)
	most := w.rows
	if s.half != nil { // bf16 is rounded once, after all terms
		most = min(most, max(12, w.terms/(2*s.pairs)/12*12))
	}
	blocks := (s.m + most - 1) / most
	rows := ((s.m+blocks-1)/blocks + 11) / 12 * 12
	for row := 0; row < s.m; row += rows {
		part := s.result(row, 0)
		part.m, part.a = min(rows, s.m-row), s.a[row*s.ai:]
		w.block(part, room)
	}
}

// block is product of rows that room has the sums for.
func (w *wideProduct) block(s pairShare, room *wideRoom) {
	depth := s.pairs
	if s.half == nil {
		depth = w.terms / (2 * s.m) / widePanel * widePanel
	}
	a, b := s.a, s.b
	for first := 0; first < s.pairs; first += depth {
		part := s
		part.pairs, part.a, part.b = min(depth, s.pairs-first), a[2*first:], b[2*first*pairColumns:]
		if first > 0 {
			part.from, part.ldfrom = s.c, s.ldc
		}
		terms := 2 * part.pairs
		wide := Grow(&room.a, part.m*wideStride(part.pairs))
		for i := range part.m {
			FromBF16(wide[i*wideStride(part.pairs):][:terms], part.a[i*part.ai:][:terms])
		}
		for col := 0; col < s.n; col += w.few.width {
			w.strip(part, room, col)
		}
	}
}

// wideStride is the distance of rows that have been widened: with a line more than they take, they share no sets of a cache.
func wideStride(pairs int) int { return 2*pairs + 16 }

// strip computes the columns from col on. The sums of all terms but the last wait where they will be, or in room.
func (w *wideProduct) strip(s pairShare, room *wideRoom, col int) {
	to := s.result(0, col)
	to.n = min(w.few.width, s.n-col)
	half, ld := to.half, to.ldc
	if half != nil {
		to.c, to.ldc = room.sums[:], w.few.width
	}
	at, next := col/pairColumns*s.panel, 0
	if next = at + s.panel; col/pairColumns*pairColumns+pairColumns >= s.n {
		next = at
	}
	for p := 0; p < s.pairs; p += widePanel {
		pairs, from := min(widePanel, s.pairs-p), 2*p*pairColumns
		w.widen(&room.b[0], bytesOf(s.b[at+from+2*(col%pairColumns):]), pairs)
		part := to
		if part.pairs = pairs; half != nil && p+pairs == s.pairs && to.n == w.few.width {
			part.half, part.ldc = half, ld
		} else {
			part.half = nil
		}
		w.panel(part, room.a[2*p:], &room.b[0], s.b[next+from:], wideStride(s.pairs), 2*widePanel*(col%pairColumns))
		to.from, to.ldfrom = to.c, to.ldc
	}
	if half != nil && to.n < w.few.width {
		for i := range s.m {
			ToBF16(half[i*ld:i*ld+to.n], room.sums[i*w.few.width:][:to.n])
		}
	}
}

// panel takes the rows of A past columns of B. Meanwhile a part of next is fetched, some bytes a row.
func (w *wideProduct) panel(s pairShare, a []float32, b *float32, next []uint16, ai, ahead int) {
	for t, i := 0, 0; i < s.m; t++ {
		tile, follower := w.tiles[t].rows, 0
		if t+1 < len(w.tiles) {
			follower = w.tiles[t+1].rows
		}
		n := tilesOf(s.m-i, tile, follower)
		if n == 0 {
			continue
		}
		part := s.result(i, 0)
		c, size := bytesOf(part.half), 2
		if part.half == nil {
			c, size = bytesOf(part.c), 4
		}
		var from *float32
		if part.from != nil {
			from = &part.from[0]
		}
		w.tiles[t].multiply(c, from, &a[i*ai], b, bytesOf(next[min(ahead+2*w.few.width*i, len(next)-1):]), n, s.pairs/w.unit, s.n, 4*ai, size*s.ldc, 4*s.ldfrom, part.half != nil)
		i += n * tile
	}
}
