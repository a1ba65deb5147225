package kernel

import (
	"errors"
	"fmt"
	"sync"
	"unsafe"
)

// ErrNoOneDNN says that the library is missing, of a version that this program does not know, or without products of the wanted precision on this processor.
var ErrNoOneDNN = errors.New("oneDNN cannot be used")

type planKey struct {
	Shape
	operand, result uintptr
}

type dnnlBackend struct {
	lib       *dnnlLibrary
	precision Precision
	name      string
	plans     sync.Map // planKey → *gemmPlan
}

func openDNNLIn(p Precision) (Backend, error) {
	lib, err := openDNNL()
	if err != nil {
		return nil, err
	}
	return newDNNL(lib, p)
}

// OneDNN returns the version of the library in use, or why there is none.
func OneDNN() (version string, err error) {
	lib, err := openDNNL()
	if err != nil {
		return "", err
	}
	return lib.version, nil
}

// newDNNL fails where the library has no products of the precision: bf16 needs AVX-512.
func newDNNL(lib *dnnlLibrary, p Precision) (Backend, error) {
	suffix := "f32"
	if p == BF16 {
		if _, err := lib.newGemmPlan(Shape{M: 16, N: 16, K: 16, LDA: 16, LDB: 16, LDC: 16}, dnnlBF16, dnnlF32); err != nil {
			return nil, fmt.Errorf("%w: version %s has no bf16 products for this processor (%v)", ErrNoOneDNN, lib.version, err)
		}
		suffix = "bf16"
		if hasTiles() {
			suffix = "bf16-amx"
		}
	}
	return &dnnlBackend{lib: lib, precision: p, name: fmt.Sprintf("onednn%s-%s+%s", lib.version, suffix, CPU())}, nil
}

func (b *dnnlBackend) Name() string         { return b.name }
func (b *dnnlBackend) Class() Class         { return FastClass(b.name) }
func (b *dnnlBackend) Precision() Precision { return b.precision }
func (b *dnnlBackend) Traits() Traits       { return Traits{BothTransposed: true} }

func (b *dnnlBackend) Gemm32(s Shape, c, x, y []float32) {
	s.check(len(c), len(x), len(y))
	if s.K == 0 {
		clearProduct(s, c)
		return
	}
	b.run(planKey{s, dnnlF32, dnnlF32}, unsafe.Pointer(unsafe.SliceData(c)), unsafe.Pointer(unsafe.SliceData(x)), unsafe.Pointer(unsafe.SliceData(y)))
}

func (b *dnnlBackend) Gemm16(s Shape, c []float32, x, y []uint16) {
	s.check(len(c), len(x), len(y))
	if s.K == 0 {
		clearProduct(s, c)
		return
	}
	b.run(planKey{s, dnnlBF16, dnnlF32}, unsafe.Pointer(unsafe.SliceData(c)), unsafe.Pointer(unsafe.SliceData(x)), unsafe.Pointer(unsafe.SliceData(y)))
}

func (b *dnnlBackend) Gemm16To16(s Shape, c, x, y []uint16) {
	s.check(len(c), len(x), len(y))
	if s.K == 0 {
		clearProduct(s, c)
		return
	}
	b.run(planKey{s, dnnlBF16, dnnlBF16}, unsafe.Pointer(unsafe.SliceData(c)), unsafe.Pointer(unsafe.SliceData(x)), unsafe.Pointer(unsafe.SliceData(y)))
}

func (b *dnnlBackend) run(key planKey, c, x, y unsafe.Pointer) {
	if key.M == 0 || key.N == 0 {
		return
	}
	plan, ok := b.plans.Load(key)
	if !ok {
		p, err := b.lib.newGemmPlan(key.Shape, key.operand, key.result)
		if err != nil {
			panic(fmt.Sprintf("kernel: matmul %+v: %v", key.Shape, err))
		}
		plan, _ = b.plans.LoadOrStore(key, p)
	}
	if err := plan.(*gemmPlan).run(c, x, y); err != nil {
		panic(fmt.Sprintf("kernel: matmul %+v: %v", key.Shape, err))
	}
}

// clearProduct is the product of no terms, which oneDNN refuses to plan.
func clearProduct[R Elem](s Shape, c []R) {
	for i := 0; i < s.M && s.N > 0 && !s.Accumulate; i++ {
		clear(c[i*s.LDC : i*s.LDC+s.N])
	}
}

// check panics when an operand is shorter than the shape says: C code would read past it.
func (s Shape) check(c, a, b int) {
	need := func(rows, cols, ld int) int {
		if rows == 0 || cols == 0 {
			return 0
		}
		return (rows-1)*ld + cols
	}
	needA, needB := need(s.M, s.K, s.LDA), need(s.K, s.N, s.LDB)
	if s.TransA {
		needA = need(s.K, s.M, s.LDA)
	}
	if s.TransB {
		needB = need(s.N, s.K, s.LDB)
	}
	if c < need(s.M, s.N, s.LDC) || a < needA || b < needB {
		panic(fmt.Sprintf("kernel: matmul %+v on slices of %d, %d and %d elements", s, c, a, b))
	}
}
