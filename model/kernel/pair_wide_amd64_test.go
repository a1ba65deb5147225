package kernel

import "testing"

// TestWideProduct_InPartsHasTheReferencesBits allows so little memory that rows and terms are taken in parts.
func TestWideProduct_InPartsHasTheReferencesBits(t *testing.T) {
	a := newArena(t)
	for _, c := range []struct {
		level *level
		of    wideProduct
		plain func(s pairShare)
	}{
		{avx2Level, *widePairsAVX2, pairProductGo}, {avx2Level, *wideStepsAVX2, stepProductGo},
		{avx512Level, *widePairsAVX512, pairProductGo}, {avx512Level, *wideStepsAVX512, stepProductGo},
	} {
		if !c.level.supported() {
			continue
		}
		c.of.rows, c.of.terms = 12, 2*12*widePanel
		for _, half := range []bool{false, true} {
			for kind := range 5 {
				a.start(uint64(kind), half)
				s := pairOperands(a, 25, 18+7*(kind%3), 272, kind, half, !half)
				want := s
				want.c, want.half = append([]float32(nil), s.c...), append([]uint16(nil), s.half...)
				if !half {
					want.half = nil
				}
				c.plain(want)
				c.of.product(s)
				a.intact()
				samePairs(a, s, want)
			}
		}
	}
}
