package kernel

import (
	"fmt"
	"math"
	"testing"
)

// extent is the number of elements of a matrix with rows ld apart.
func extent(rows, cols, ld int) int {
	if rows == 0 || cols == 0 {
		return 0
	}
	return (rows-1)*ld + cols
}

// sizes are the lengths that a shape's operands must have.
func (s Shape) sizes() (c, a, b int) {
	a, b = extent(s.M, s.K, s.LDA), extent(s.K, s.N, s.LDB)
	if s.TransA {
		a = extent(s.K, s.M, s.LDA)
	}
	if s.TransB {
		b = extent(s.N, s.K, s.LDB)
	}
	return extent(s.M, s.N, s.LDC), a, b
}

// strided is a shape with gaps of its own behind the rows of each operand.
func strided(m, n, k, gap int, transA, transB, accumulate bool) Shape {
	s := Shape{M: m, N: n, K: k, LDA: k, LDB: n, LDC: n + gap, TransA: transA, TransB: transB, Accumulate: accumulate}
	if transA {
		s.LDA = m
	}
	if transB {
		s.LDB = k
	}
	s.LDA, s.LDB = max(1, s.LDA+2*gap), max(1, s.LDB+(gap+1)/2)
	return s
}

// widen64 gives the values behind either element type.
func widen64[T Elem](x []T) []float64 {
	narrow, out := make([]float32, len(x)), make([]float64, len(x))
	switch s := any(x).(type) {
	case []float32:
		copy(narrow, s)
	case []uint16:
		FromBF16(narrow, s)
	}
	for i, v := range narrow {
		out[i] = float64(v)
	}
	return out
}

// plainGemm is the reference: the product in float64, and the sum of the magnitudes of its terms, which scales the error.
func plainGemm(s Shape, c, a, b []float64) (out, size []float64) {
	out, size = append([]float64(nil), c...), make([]float64, len(c))
	for i := range s.M {
		for j := range s.N {
			sum, magnitude := 0.0, 0.0
			for p := range s.K {
				x, y := i*s.LDA+p, p*s.LDB+j
				if s.TransA {
					x = p*s.LDA + i
				}
				if s.TransB {
					y = j*s.LDB + p
				}
				sum += a[x] * b[y]
				magnitude += math.Abs(a[x] * b[y])
			}
			at := i*s.LDC + j
			if s.Accumulate {
				sum, magnitude = sum+c[at], magnitude+math.Abs(c[at])
			}
			out[at], size[at] = sum, magnitude
		}
	}
	return out, size
}

// checkProduct compares c, computed by the backend from before, with the reference: the error of a sum of K terms in float32, whatever their
// order, what the backend leaves of a term, and rel for the rounding of the result. Between the rows nothing may change.
func checkProduct[T, R Elem](t testing.TB, be Backend, what string, s Shape, c, before []R, a, b []T, rel float64) {
	t.Helper()
	want, size := plainGemm(s, widen64(before), widen64(a), widen64(b))
	label := fmt.Sprintf("%s %+v", what, s)
	for i, got := range widen64(c) {
		if i%s.LDC >= s.N {
			if c[i] != before[i] {
				t.Fatalf("%s writes between the rows of C", label)
			}
			continue
		}
		near(t, label, i, float32(got), want[i], rel, (float64(s.K+8)*0x1p-24+be.Traits().TermError)*size[i])
	}
}

// checkShape runs every product that the backend has on operands that end at forbidden memory.
func checkShape(ar *arena, be Backend, s Shape, seed uint64) {
	ar.t.Helper()
	nc, na, nb := s.sizes()
	ar.start(seed, seed%2 == 1)
	a, b, c := ar.normal(na, 1), ar.normal(nb, 1), ar.normal(nc, 1)
	before := append([]float32(nil), c...)
	be.Gemm32(s, c, a, b)
	ar.intact()
	checkProduct(ar.t, be, "Gemm32", s, c, before, a, b, 0)
	if be.Precision() != BF16 {
		return
	}
	ar.start(seed+1, seed%2 == 1)
	a16, b16, c32, c16 := ar.bf16(na, 1), ar.bf16(nb, 1), ar.normal(nc, 1), ar.bf16(nc, 1)
	before32, before16 := append([]float32(nil), c32...), append([]uint16(nil), c16...)
	be.Gemm16(s, c32, a16, b16)
	ar.intact()
	checkProduct(ar.t, be, "Gemm16", s, c32, before32, a16, b16, 0)
	if s.Accumulate {
		return
	}
	be.Gemm16To16(s, c16, a16, b16)
	ar.intact()
	checkProduct(ar.t, be, "Gemm16To16", s, c16, before16, a16, b16, 0x1p-8)
}

func TestBackends_MultiplyAsTheirReference(t *testing.T) {
	eachBackend(t, func(t *testing.T, be Backend) {
		ar := newArena(t)
		seed := uint64(0)
		for i, size := range [][3]int{
			{1, 1, 1}, {1, 1, 7}, {1, 9, 1}, {5, 1, 1}, {1, 33, 17}, {17, 1, 33}, {3, 5, 7}, {16, 16, 16}, {31, 33, 19}, {12, 64, 40}, {47, 47, 47},
			{0, 4, 4}, {4, 0, 4}, {4, 4, 0}, {2, 3, 258},
		} {
			for trans := range 4 {
				if trans == 3 && !be.Traits().BothTransposed {
					continue
				}
				seed += 2
				checkShape(ar, be, strided(size[0], size[1], size[2], (i+trans)%4, trans&1 != 0, trans&2 != 0, (i/2+trans)%2 == 1), seed)
			}
		}
	})
}

func FuzzGemm_EqualsItsReference(f *testing.F) {
	f.Add(uint8(1), uint8(1), uint8(1), uint8(0), uint8(0), uint64(1))
	f.Add(uint8(13), uint8(32), uint8(47), uint8(3), uint8(6), uint64(2))
	f.Add(uint8(40), uint8(7), uint8(0), uint8(1), uint8(1), uint64(3))
	var backends []Backend
	for _, name := range Names() {
		if be, err := Open(name); err == nil {
			backends = append(backends, be)
		}
	}
	f.Fuzz(func(t *testing.T, m, n, k, gap, flags uint8, seed uint64) {
		ar := newArena(t)
		s := strided(int(m)%48, int(n)%48, int(k)%48, int(gap)%5, flags&1 != 0, flags&2 != 0, flags&4 != 0)
		for _, be := range backends {
			if s.TransA && s.TransB && !be.Traits().BothTransposed {
				continue
			}
			checkShape(ar, be, s, seed)
		}
	})
}

// panics reports whether f does.
func panics(f func()) (yes bool) {
	defer func() { yes = recover() != nil }()
	f()
	return false
}

func TestBackends_RefuseAShapeThatDoesNotFitItsSlices(t *testing.T) {
	eachBackend(t, func(t *testing.T, be Backend) {
		for trans := range 4 {
			if trans == 3 && !be.Traits().BothTransposed {
				continue
			}
			s := strided(3, 5, 4, 2, trans&1 != 0, trans&2 != 0, false)
			nc, na, nb := s.sizes()
			for short, cut := range [][3]int{{}, {1, 0, 0}, {0, 1, 0}, {0, 0, 1}} {
				c, a, b := make([]float32, nc-cut[0]), make([]float32, na-cut[1]), make([]float32, nb-cut[2])
				c16, a16, b16 := make([]uint16, len(c)), make([]uint16, len(a)), make([]uint16, len(b))
				calls := map[string]func(){"Gemm32": func() { be.Gemm32(s, c, a, b) }}
				if be.Precision() == BF16 {
					calls["Gemm16"] = func() { be.Gemm16(s, c, a16, b16) }
					calls["Gemm16To16"] = func() { be.Gemm16To16(s, c16, a16, b16) }
				}
				for name, call := range calls {
					if got := panics(call); got != (short > 0) {
						t.Errorf("%s %+v with operand %d one element short: panic %v", name, s, short, got)
					}
				}
			}
		}
	})
}

func TestGoKernel_RefusesWhatItDoesNotHave(t *testing.T) {
	s, x, h := strided(2, 2, 2, 0, true, true, false), make([]float32, 4), make([]uint16, 4)
	for name, call := range map[string]func(){
		"both transposed": func() { goBackend{}.Gemm32(s, x, x, x) },
		"Gemm16":          func() { goBackend{}.Gemm16(s, x, h, h) },
		"Gemm16To16":      func() { goBackend{}.Gemm16To16(s, h, h, h) },
	} {
		if !panics(call) {
			t.Errorf("%s: no panic", name)
		}
	}
}

func TestGemm_TakesTheElementTypesFromItsOperands(t *testing.T) {
	eachBackend(t, func(t *testing.T, be Backend) {
		ar := newArena(t)
		ar.start(1, false)
		s := strided(5, 6, 7, 0, false, true, false)
		a, b, c := ar.normal(35, 1), ar.normal(42, 1), make([]float32, 30)
		Gemm(be, s, c, a, b)
		checkProduct(t, be, "Gemm", s, c, make([]float32, 30), a, b, 0)
		if be.Precision() != BF16 {
			return
		}
		a16, b16, c16 := make([]uint16, 35), make([]uint16, 42), make([]uint16, 30)
		Convert(a16, a)
		Convert(b16, b)
		Gemm(be, s, c, a16, b16)
		checkProduct(t, be, "Gemm", s, c, make([]float32, 30), a16, b16, 0)
		Gemm(be, s, c16, a16, b16)
		checkProduct(t, be, "Gemm", s, c16, make([]uint16, 30), a16, b16, 0x1p-8)
	})
}
