package kernel

import (
	"math"
	"testing"
)

// gemmForm is one of the three products with the strides of its operands.
type gemmForm struct {
	name           string
	f              func(c, a, b []float32, m, n, k, lda, ldb, ldc int, accumulate bool)
	transA, transB bool
}

var gemmForms = []gemmForm{
	{"NT", SgemmNT, false, true},
	{"NN", SgemmNN, false, false},
	{"TN", SgemmTN, true, false},
}

// gemmCase holds the operands of A [m,k], B [k,n] and C [m,n] with gaps between rows, in the layout of a form.
type gemmCase struct {
	m, n, k, lda, ldb, ldc int
	a, b, c                []float32
}

func newGemmCase(ar *arena, form gemmForm, m, n, k, gap int) gemmCase {
	s := gemmCase{m: m, n: n, k: k, lda: k + gap, ldb: n + gap, ldc: n + gap}
	rowsA, rowsB := m, k
	if form.transA {
		rowsA, s.lda = k, m+gap
	}
	if form.transB {
		rowsB, s.ldb = n, k+gap
	}
	size := func(rows, cols, ld int) int {
		if rows == 0 || cols == 0 {
			return 0
		}
		return (rows-1)*ld + cols
	}
	s.a = ar.normal(size(rowsA, s.lda-gap, s.lda), 1)
	s.b = ar.normal(size(rowsB, s.ldb-gap, s.ldb), 1)
	s.c = ar.normal(size(m, n, s.ldc), 1)
	return s
}

func (s gemmCase) at(form gemmForm, i, j, p int) (a, b float64) {
	ia, ib := i*s.lda+p, p*s.ldb+j
	if form.transA {
		ia = p*s.lda + i
	}
	if form.transB {
		ib = j*s.ldb + p
	}
	return float64(s.a[ia]), float64(s.b[ib])
}

func checkGemm(ar *arena, form gemmForm, m, n, k, gap int, accumulate bool) {
	ar.t.Helper()
	s := newGemmCase(ar, form, m, n, k, gap)
	before := append([]float32(nil), s.c...)
	form.f(s.c, s.a, s.b, m, n, k, s.lda, s.ldb, s.ldc, accumulate)
	ar.intact()
	for i := range m {
		for j := range s.ldc {
			at := i*s.ldc + j
			if j >= n {
				if at < len(s.c) && s.c[at] != before[at] {
					ar.t.Fatalf("%s %d×%d×%d writes between the rows of C", form.name, m, n, k)
				}
				continue
			}
			var want, size float64
			if accumulate {
				want, size = float64(before[at]), math.Abs(float64(before[at]))
			}
			for p := range k {
				a, b := s.at(form, i, j, p)
				want += a * b
				size += math.Abs(a * b)
			}
			near(ar.t, form.name, at, s.c[at], want, 0, (float64(min(k, gemmBlock))+8)*0x1p-24*size)
		}
	}
}

// checkSgemm compares with the reference at every kind of edge.
func checkSgemm(ar *arena) {
	seed := uint64(0)
	run := func(m, n, k int) {
		for _, form := range gemmForms {
			seed++
			ar.start(seed, seed%5 < 2)
			checkGemm(ar, form, m, n, k, int(seed%4), seed%7 < 3)
		}
	}
	for _, m := range []int{0, 1, 2, 3, 5, 7, 8, 12, 13, 16, 27} {
		for _, n := range []int{0, 1, 7, 15, 16, 17, 31, 32, 33, 50} {
			for _, k := range []int{0, 1, 7, 8, 19} {
				run(m, n, k)
			}
		}
	}
	run(3, 5, 255)
	run(2, 3, 257)
	run(3, 1, 520)
}

func FuzzSgemm_EqualsItsReference(f *testing.F) {
	f.Add(uint8(12), uint8(32), uint16(16), uint8(0), uint64(1))
	f.Add(uint8(5), uint8(3), uint16(300), uint8(1), uint64(2))
	f.Fuzz(func(t *testing.T, m, n uint8, k uint16, gap uint8, seed uint64) {
		ar := newArena(t)
		mm, nn, kk, g := int(m)%30, int(n)%40, int(k)%600, int(gap)%3
		if room := 1 << 13; (kk+3)*(max(mm, nn)+3) > room {
			kk = room/(max(mm, nn)+3) - 3
		}
		for _, l := range present() {
			restore := setLevel(l)
			for i, form := range gemmForms {
				ar.start(seed+uint64(i), seed%2 == 0)
				checkGemm(ar, form, mm, nn, kk, g, seed%3 == 0)
			}
			restore()
		}
	})
}

// TestSgemm_HasTheSameBitsHoweverItIsCut: the element (i,j) does not depend on which rows and columns are computed with it, nor on
// the form of the operands, nor on whether an operand was packed before.
func TestSgemm_HasTheSameBitsHoweverItIsCut(t *testing.T) {
	const m, n, k = 1045, 75, 300 // more rows than one sweep, more terms than one block
	eachLevel(t, func(t *testing.T) {
		ar := newArena(t)
		ar.start(3, false)
		rows := m
		if cpu == generic {
			rows = 45 // the reference is slow, and has no sweeps
		}
		a, at, b, bt := make([]float32, rows*k), make([]float32, rows*k), make([]float32, k*n), make([]float32, k*n)
		for i := range rows {
			for p := range k {
				a[i*k+p] = float32(ar.rng.NormFloat64())
				at[p*rows+i] = a[i*k+p]
			}
		}
		for p := range k {
			for j := range n {
				b[p*n+j] = float32(ar.rng.NormFloat64())
				bt[j*k+p] = b[p*n+j]
			}
		}
		want := make([]float32, rows*n)
		SgemmNT(want, a, bt, rows, n, k, k, k, n, false)
		compare := func(what string, got []float32) {
			t.Helper()
			for i := range want {
				if math.Float32bits(got[i]) != math.Float32bits(want[i]) {
					t.Fatalf("%s: element %d is %g, want %g", what, i, got[i], want[i])
				}
			}
		}
		got := make([]float32, rows*n)
		SgemmNN(got, a, b, rows, n, k, k, n, n, false)
		compare("NN", got)
		SgemmTN(got, at, b, rows, n, k, rows, n, n, false)
		compare("TN", got)
		for i, step := 0, 1; i < rows; i, step = i+step, step+6 {
			for j, width := 0, 1; j < n; j, width = j+width, width+9 {
				SgemmNT(got[i*n+j:], a[i*k:], bt[j*k:], min(step, rows-i), min(width, n-j), k, k, k, n, false)
			}
		}
		compare("NT in tiles", got)

		linear, grad := NewWeights[float32](goBackend{}, n, k), NewGradWeights[float32](goBackend{}, k, n)
		linear.Set(bt)
		grad.Set(b)
		Linear(linear, got, a, rows, k, n, 0, n, false)
		compare("Linear", got)
		LinearGrad(grad, got, a, rows, k, n, false)
		compare("LinearGrad", got)
		var left Transposed[float32]
		left.Set(goBackend{}, at, rows, k, rows)
		clear(got)
		left.AddProduct(got, b, n, n, n)
		compare("AddProduct", got)
	})
}
