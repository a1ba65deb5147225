package kernel

import "fmt"

// Transposed is a left operand Aᵀ [M,K] of several products: packed once, or where it lies if the backend reads columns.
type Transposed[T Elem] struct {
	be     Backend
	level  *level // whose layout packed has; tests change it
	a      []T    // [K,M]
	shape  Shape
	packed left[T]
}

// Set takes A [K,M] over, rows lda apart. a must not change before the last product.
func (t *Transposed[T]) Set(be Backend, a []T, m, k, lda int) {
	if t.be != be || t.level != cpu {
		t.be, t.level, t.packed = be, cpu, nil
		if p := packingOf[T](be); p != nil {
			t.packed = p.left()
		}
	}
	t.a, t.shape = a, Shape{M: m, K: k, LDA: lda, TransA: true, Accumulate: true}
	if t.packed != nil && m > 0 && k > 0 {
		t.packed.pack(a[:(k-1)*lda+m], t.shape)
	}
}

// AddProduct adds Aᵀ·B to C [M,N]: B [K,N], rows of both ldb and ldc apart.
func (t *Transposed[T]) AddProduct(c []float32, b []T, n, ldb, ldc int) {
	s := t.shape
	s.N, s.LDB, s.LDC = n, ldb, ldc
	if t.packed == nil {
		Gemm(t.be, s, c, t.a, b)
		return
	}
	s.check(len(c), len(t.a), len(b))
	if s.M > 0 && s.N > 0 && s.K > 0 {
		t.packed.addProduct(c, b, s)
	}
}

// Transpose writes the transpose of src [rows,cols], rows ld apart, to dst.
func Transpose(dst, src []float32, rows, cols, ld int) {
	if len(dst) != rows*cols || rows > 0 && (cols > ld || len(src) < (rows-1)*ld+cols) {
		panic(fmt.Sprintf("kernel: Transpose: %d by %d, rows %d apart, from %d to %d elements", rows, cols, ld, len(src), len(dst)))
	}
	cpu.transpose(dst, src, rows, cols, ld)
}

// square is the side of what is transposed at a time: a cache line of either side.
const square = 16

func transposeGo(dst, src []float32, rows, cols, ld int) {
	for r := 0; r < rows; r += square {
		for c := 0; c < cols; c += square {
			transposeSquare(dst, src, rows, cols, ld, r, c)
		}
	}
}

// transposeSquare does what is there of the square from row r and column c on.
func transposeSquare(dst, src []float32, rows, cols, ld, r, c int) {
	for i := r; i < min(r+square, rows); i++ {
		for j := c; j < min(c+square, cols); j++ {
			dst[j*rows+i] = src[i*ld+j]
		}
	}
}
