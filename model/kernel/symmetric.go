package kernel

// strip is how many columns of a symmetric product are computed at a time.
const strip = PanelAlign

// GemmSymmetric is Gemm for a product that is symmetric, of two operands in the order in which they lie: A·Aᵀ, or A·A of a symmetric A. C [N,N] is not
// added to. In a class with a contract the element (j,i) has the bits of (i,j), because a fused step does not care which of its factors comes first
// and the terms come in the same order: there the lower triangle is computed and mirrored, which is little more than half of the work.
func GemmSymmetric[T Elem](be Backend, s Shape, c []float32, a, b []T) {
	if s.M != s.N || s.Accumulate || s.TransA {
		panic("kernel: GemmSymmetric: a square product of rows is wanted, and none that is added to")
	}
	s.check(len(c), len(a), len(b))
	if !be.Class().Contract() {
		Gemm(be, s, c, a, b)
		return
	}
	n, next := s.N, s.LDB // from a column of B to the next
	if !s.TransB {
		next = 1
	}
	for j := 0; j < n; j += strip {
		part := s
		part.M, part.N = n-j, min(strip, n-j)
		Gemm(be, part, c[j*s.LDC+j:], a[j*s.LDA:], b[j*next:])
		for i := j; i < n; i += square {
			mirror(c, s.LDC, j, min(j+strip, n), i, min(i+square, n))
		}
	}
}

// mirror copies what lies in the rows [i0,i1) and the columns [j0,j1) below the diagonal to above it.
func mirror(c []float32, ld, j0, j1, i0, i1 int) {
	for j := j0; j < j1; j++ {
		row := c[j*ld : j*ld+i1]
		for i := max(i0, j+1); i < i1; i++ {
			row[i] = c[i*ld+j]
		}
	}
}
