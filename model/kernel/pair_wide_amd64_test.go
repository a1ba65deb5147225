package kernel

import "testing"

// TestWideProduct_InPartsHasTheReferencesBits allows so little memory that rows and terms are taken in parts.
func TestWideProduct_InPartsHasTheReferencesBits(t *testing.T) {
	if !avx2Level.supported() {
		t.Skip("this processor has no AVX2")
	}
	a := newArena(t)
	for _, c := range []struct {
		of    wideProduct
		plain func(s pairShare)
	}{{*widePairsAVX2, pairProductGo}, {*wideStepsAVX2, stepProductGo}} {
		c.of.rows, c.of.terms = 12, 2*12*widePanel
		for _, half := range []bool{false, true} {
			for kind := range 5 {
				a.start(uint64(kind), half)
				s := pairOperands(a, 25, 18, 272, kind, half, !half)
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
