package kernel

import (
	"sync"

	"slm/model/kernel/internal/neon"
)

// Products in bfloat16 on NEON: terms are widened, and each is one fused multiply-add of float32 with the flag that takes subnormals for zeros.
//
// The processor's flag differs from x86's in one place: it looks at a result before it is rounded. What lies between 2⁻¹²⁶ − 2⁻¹⁵¹ and 2⁻¹²⁶ becomes 0
// and not 2⁻¹²⁶. But then the processor also notes that a result became 0 (FPSR.UFC). A tile where that happened is computed again in plain Go.

// becameZero is FPSR.UFC.
const becameZero = 1 << 3

// neonRoom is what a panel works in.
type neonRoom struct {
	a, b []float32
	sums [neonRows * neonColumns]float32
	even [neonRows * neonColumns]float32
}

var neonRooms = sync.Pool{New: func() any { return new(neonRoom) }}

func pairProductNEON(s pairShare) { s.parts(func(part pairShare) { neonPanel(part, false) }) }
func stepProductNEON(s pairShare) { s.parts(func(part pairShare) { neonPanel(part, true) }) }

// neonPanel computes a panel in tiles; apart is the order of bf16-tile.
func neonPanel(s pairShare, apart bool) {
	w := neonRooms.Get().(*neonRoom)
	defer neonRooms.Put(w)
	terms := 2 * s.pairs
	a, b := Grow(&w.a, neonRows*terms), Grow(&w.b, pairColumns*terms)
	for j := 0; j < s.n; j += neonColumns {
		widenColumns(b[j*terms:(j+neonColumns)*terms], s.b[2*j:], s.pairs, apart)
	}
	for i := 0; i < s.m; {
		rows := neonRowsFor(s.m - i)
		for r := range rows {
			widenRow(a[r*terms:(r+1)*terms], s.a[(i+r)*s.ai:], s.pairs, s.ak, apart)
		}
		for j := 0; j < s.n; j += neonColumns {
			w.tile(s, i, j, rows, apart)
		}
		i += rows
	}
}

// tile computes so many rows from i on, and the columns from j on.
func (w *neonRoom) tile(s pairShare, i, j, rows int, apart bool) {
	n, terms := min(neonColumns, s.n-j), 2*s.pairs
	clear(w.sums[:])
	if s.from != nil {
		for r := range rows {
			copy(w.sums[r*neonColumns:r*neonColumns+n], s.from[(i+r)*s.ldfrom+j:])
		}
	}
	b := &w.b[j*terms]
	var flags uint32
	if apart {
		flags = neonSteps(rows, &w.sums[0], &w.even[0], &w.a[0], b, s.pairs/stepPairs, 4*terms)
	} else {
		flags = neonTile(rows, &w.sums[0], &w.sums[0], &w.a[0], b, terms, 4*terms, 4, 4*neonColumns, 4*neonColumns, false, true)
	}
	if flags&becameZero != 0 {
		w.again(s, i, j, rows, n, apart)
	}
	for r := range rows {
		sums := w.sums[r*neonColumns : r*neonColumns+n]
		if s.half != nil {
			ToBF16(s.half[(i+r)*s.ldc+j:(i+r)*s.ldc+j+n], sums)
		} else {
			copy(s.c[(i+r)*s.ldc+j:], sums)
		}
	}
}

// again is tile in plain Go.
func (w *neonRoom) again(s pairShare, i, j, rows, n int, apart bool) {
	s.c, s.half, s.ldc, s.m, s.n = w.sums[:], nil, neonColumns, rows, n
	s.a, s.b = s.a[i*s.ai:], s.b[2*j:]
	if s.from != nil {
		s.from = s.from[i*s.ldfrom+j:]
	}
	if apart {
		stepPanelGo(s)
	} else {
		pairPanelGo(s)
	}
}

// neonSteps calls the tile of so many rows by its name.
func neonSteps(rows int, sums, even, a, b *float32, steps, ai int) (flags uint32) {
	switch rows {
	case 1:
		return neon.Steps1(sums, even, a, b, steps, ai)
	case 2:
		return neon.Steps2(sums, even, a, b, steps, ai)
	case 3:
		return neon.Steps3(sums, even, a, b, steps, ai)
	}
	return neon.Steps5(sums, even, a, b, steps, ai)
}

// widenColumns makes neonColumns columns of a panel into rows of float32: the odd terms of a pair before the even ones, or with apart the 16 rows of even
// terms of a step before those of its odd ones.
func widenColumns(dst []float32, src []uint16, pairs int, apart bool) {
	const from = 4 * pairColumns
	if !apart {
		neon.Apart(&dst[neonColumns], &dst[0], &src[0], pairs, from, 8*neonColumns)
		return
	}
	for step := range pairs / stepPairs {
		to := dst[step*2*stepPairs*neonColumns:]
		neon.Apart(&to[0], &to[stepPairs*neonColumns], &src[step*stepPairs*2*pairColumns], stepPairs, from, 4*neonColumns)
	}
}

// widenRow makes the pairs of a row, ak apart, into float32 in the same order.
func widenRow(dst []float32, src []uint16, pairs, ak int, apart bool) {
	done := 0
	switch {
	case ak == 2 && apart:
		neon.Apart(&dst[0], &dst[stepPairs], &src[0], pairs/stepPairs, 4*stepPairs, 8*stepPairs)
		return
	case ak == 2 && pairs >= 4:
		neon.Widen(&dst[0], &src[0], pairs/4, true)
		done = pairs &^ 3
	}
	for p := done; p < pairs; p++ {
		even, odd := 2*p+1, 2*p
		if apart {
			even = p/stepPairs*2*stepPairs + p%stepPairs
			odd = even + stepPairs
		}
		dst[even], dst[odd] = widenBF16(src[p*ak]), widenBF16(src[p*ak+1])
	}
}
