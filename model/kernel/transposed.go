package kernel

import "fmt"

// Transposed is a left operand Aᵀ [M,K] of several products: packed once, or where it lies if the backend reads columns.
type Transposed[T Elem] struct {
	be     Backend
	a      []T // [K,M]
	shape  Shape
	packed amxLeft
	buf    []uint16
}

// Set takes A [K,M] over, rows lda apart. a must not change before the last product.
func (t *Transposed[T]) Set(be Backend, a []T, m, k, lda int) {
	t.be, t.a = be, a
	t.shape = Shape{M: m, K: k, LDA: lda, TransA: true, Accumulate: true}
	if f := fillingOf[T](be); f != nil && m > 0 && k > 0 {
		t.packed = f.left(&t.buf, a[:(k-1)*lda+m], t.shape)
	}
}

// AddProduct adds Aᵀ·B to C [M,N]: B [K,N], rows of both ldb and ldc apart.
func (t *Transposed[T]) AddProduct(c []float32, b []T, n, ldb, ldc int) {
	s := t.shape
	s.N, s.LDB, s.LDC = n, ldb, ldc
	f := fillingOf[T](t.be)
	if f == nil {
		Gemm(t.be, s, c, t.a, b)
		return
	}
	s.check(len(c), len(t.a), len(b))
	if s.M == 0 || s.N == 0 || s.K == 0 {
		return
	}
	w := amxScratches.Get().(*amxScratch)
	defer amxScratches.Put(w)
	pack(&w.right, f, b, n, s.K, ldb, false)
	amxMultiply(w, c, c, ldc, t.packed, &w.right, s, 0, n)
}

// Transpose writes the transpose of src [rows,cols], rows ld apart, to dst.
func Transpose(dst, src []float32, rows, cols, ld int) {
	if len(dst) != rows*cols || rows > 0 && (cols > ld || len(src) < (rows-1)*ld+cols) {
		panic(fmt.Sprintf("kernel: Transpose: %d by %d, rows %d apart, from %d to %d elements", rows, cols, ld, len(src), len(dst)))
	}
	const block = 16 // a cache line of either side
	for r := 0; r < rows; r += block {
		for c := 0; c < cols; c += block {
			if cpu == levelAVX512 && r+block <= rows && c+block <= cols {
				transpose16AVX512(&dst[c*rows+r], &src[r*ld+c], 4*rows, 4*ld)
				continue
			}
			for i := r; i < min(r+block, rows); i++ {
				for j := c; j < min(c+block, cols); j++ {
					dst[j*rows+i] = src[i*ld+j]
				}
			}
		}
	}
}
