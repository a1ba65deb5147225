package kernel

import (
	"fmt"
	"sync"

	"github.com/klauspost/cpuid/v2"
)

// amxBackend multiplies bf16 on the processor's tiles. Operands of both orders are brought into its one layout: a right operand lies in
// panels of 32 columns, a panel in steps of 32 terms, a step in two tiles of 16 pairs of terms by 16 columns.
//
// Sums run over the steps in order: a tile product sums its 32 terms, the even and the odd ones apart, and adds both to the sum, in float32 and
// with denormals taken for 0. So a product that is cut into several, each adding to C, has the same bits as the whole if the cuts lie between steps.
type amxBackend struct{ goBackend }

const (
	tileSide = 32                  // rows and columns of a block, and terms of a step
	stepSize = tileSide * tileSide // elements of a panel's step
)

var amxReady = sync.OnceValue(func() error {
	if !cpu.tiles || !cpuid.CPU.Supports(cpuid.AMXTILE, cpuid.AMXBF16, cpuid.AVX512BF16) {
		return ErrNoAMX
	}
	if err := requestTiles(); err != nil {
		return fmt.Errorf("%w: the system refuses it: %v", ErrNoAMX, err)
	}
	return nil
})

func openAMX() (Backend, error) {
	if err := amxReady(); err != nil {
		return nil, err
	}
	return amxBackend{}, nil
}

func (amxBackend) Name() string         { return "amx-bf16+" + CPU() }
func (b amxBackend) Class() Class       { return FastClass(b.Name()) }
func (amxBackend) Precision() Precision { return BF16 }

func (amxBackend) Traits() Traits {
	return Traits{BatchInvariant: true, CutTerms: tileSide, packs16: &halves, heads: tileAttention{}}
}

func (amxBackend) Gemm16(s Shape, c []float32, a, b []uint16) { tileGemm(s, c, a, b, &halves) }

func (amxBackend) Gemm16To16(s Shape, c, a, b []uint16) { tileGemm(s, c, a, b, &halves) }

// tileGemm packs B, and A where it does not lie as tiles read it, and multiplies.
func tileGemm[T, R Elem](s Shape, c []R, a, b []T, f *filling[T]) {
	s.check(len(c), len(a), len(b))
	if s.M == 0 || s.N == 0 || s.K == 0 {
		clearProduct(s, c)
		return
	}
	w := amxScratches.Get().(*amxScratch)
	defer amxScratches.Put(w)
	pack(&w.right, f, b, s.N, s.K, s.LDB, s.TransB)
	amxMultiply(w, c, sumsOf(c, s), s.LDC, f.strips(&w.left, a, s), &w.right, s, 0, s.N)
}
