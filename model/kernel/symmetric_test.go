package kernel

import (
	"math"
	"testing"
)

func TestGemmSymmetric_HasTheBitsOfTheWholeProduct(t *testing.T) {
	eachBackend(t, func(t *testing.T, be Backend) {
		if be.Precision() == BF16 {
			checkSymmetric[uint16](t, be)
		} else {
			checkSymmetric[float32](t, be)
		}
	})
}

func checkSymmetric[T Elem](t *testing.T, be Backend) {
	for _, size := range [][2]int{{1, 1}, {31, 3}, {64, 300}, {97, 40}} {
		n, k := size[0], size[1]
		x := elements[T](normals(n*k, 1))
		s := Shape{M: n, N: n, K: k, LDA: k, LDB: k, LDC: n + 3, TransB: true}
		half := sameSymmetric(t, be, s, x)
		// Its square, which is symmetric because it is.
		a := make([]T, n*n)
		for i := range n {
			Convert(a[i*n:(i+1)*n], half[i*s.LDC:i*s.LDC+n])
		}
		sameSymmetric(t, be, Shape{M: n, N: n, K: n, LDA: n, LDB: n, LDC: n}, a)
	}
}

// sameSymmetric compares the product of x with itself, both ways, also between its rows, and returns it.
func sameSymmetric[T Elem](t *testing.T, be Backend, s Shape, x []T) []float32 {
	t.Helper()
	size := extent(s.M, s.N, s.LDC)
	want, got := normals(size, 9), normals(size, 9)
	Gemm(be, s, want, x, x)
	GemmSymmetric(be, s, got, x, x)
	for i := range want {
		if math.Float32bits(want[i]) != math.Float32bits(got[i]) {
			t.Fatalf("%+v: element %d,%d is %g, and %g in the whole product", s, i/s.LDC, i%s.LDC, got[i], want[i])
		}
	}
	return got
}

func TestGemmSymmetric_RefusesWhatIsNotSymmetric(t *testing.T) {
	x := make([]float32, 16)
	for _, s := range []Shape{{M: 2, N: 3, K: 2, LDA: 2, LDB: 3, LDC: 3}, {M: 2, N: 2, K: 2, LDA: 2, LDB: 2, LDC: 2, Accumulate: true}, {M: 2, N: 2, K: 2, LDA: 2, LDB: 2, LDC: 2, TransA: true}} {
		if !panics(func() { GemmSymmetric(goBackend{}, s, make([]float32, 16), x, x) }) {
			t.Errorf("%+v: no panic", s)
		}
	}
}
