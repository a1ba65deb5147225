package kernel

import "testing"

func TestTransposed_ProductsEqualTheirReference(t *testing.T) {
	eachBackend(t, func(t *testing.T, be Backend) {
		if be.Precision() == BF16 {
			checkTransposed[uint16](t, be)
		} else {
			checkTransposed[float32](t, be)
		}
	})
}

func checkTransposed[T Elem](t *testing.T, be Backend) {
	var left Transposed[T] // one for all, so that what an earlier operand has left behind would show
	for _, s := range []Shape{{M: 64, N: 96, K: 64}, {M: 33, N: 31, K: 40}, {M: 1, N: 1, K: 1}, {M: 20, N: 64, K: 7}, {M: 0, N: 3, K: 2}} {
		s.LDA, s.LDB, s.LDC, s.TransA, s.Accumulate = s.M+3, s.N+1, s.N+2, true, true
		nc, na, nb := s.sizes()
		a, b, c := elements[T](normals(na, 1)), elements[T](normals(nb, 2)), normals(nc, 3)
		before := append([]float32(nil), c...)
		left.Set(be, a, s.M, s.K, s.LDA)
		left.AddProduct(c, b, s.N, s.LDB, s.LDC)
		checkProduct(t, be, "AddProduct", s, c, before, a, b, 0)
	}
}

func checkTranspose(a *arena) {
	for seed, size := range [][2]int{{1, 1}, {3, 5}, {16, 16}, {17, 40}, {48, 32}, {0, 4}} {
		a.start(uint64(seed), seed%2 == 1)
		rows, cols, ld := size[0], size[1], size[1]+3
		src, dst := a.normal(max(0, rows*ld-3), 1), a.floats(rows*cols)
		Transpose(dst, src, rows, cols, ld)
		a.intact()
		for i := range dst {
			if row, col := i%max(1, rows), i/max(1, rows); dst[i] != src[row*ld+col] {
				a.t.Fatalf("%d by %d: element %d,%d has gone astray", rows, cols, row, col)
			}
		}
	}
}

func TestTranspose_RefusesSlicesOfOtherSizes(t *testing.T) {
	for _, size := range [][2]int{{5, 6}, {6, 5}} {
		if !panics(func() { Transpose(make([]float32, size[0]), make([]float32, size[1]), 2, 3, 3) }) {
			t.Errorf("%d elements from %d: no panic", size[0], size[1])
		}
	}
}
