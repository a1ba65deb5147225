package kernel

import "fmt"

// SgemmNT computes C [m,n] = A [m,k]·B [n,k]ᵀ, or adds the product to C. lda, ldb and ldc are the distances between rows.
func SgemmNT(c, a, b []float32, m, n, k, lda, ldb, ldc int, accumulate bool) {
	sgemm("SgemmNT", c, a, b, gemmShape{m: m, n: n, k: k, ai: lda, ak: 1, bk: 1, bj: ldb, ldc: ldc}, accumulate)
}

// SgemmNN computes C [m,n] = A [m,k]·B [k,n], or adds it.
func SgemmNN(c, a, b []float32, m, n, k, lda, ldb, ldc int, accumulate bool) {
	sgemm("SgemmNN", c, a, b, gemmShape{m: m, n: n, k: k, ai: lda, ak: 1, bk: ldb, bj: 1, ldc: ldc}, accumulate)
}

// SgemmTN computes C [m,n] = A [k,m]ᵀ·B [k,n], or adds it.
func SgemmTN(c, a, b []float32, m, n, k, lda, ldb, ldc int, accumulate bool) {
	sgemm("SgemmTN", c, a, b, gemmShape{m: m, n: n, k: k, ai: 1, ak: lda, bk: ldb, bj: 1, ldc: ldc}, accumulate)
}

// gemmShape describes one product: a(i,p) stands at i·ai + p·ak, b(p,j) at p·bk + j·bj, c(i,j) at i·ldc + j.
type gemmShape struct {
	m, n, k, ai, ak, bk, bj, ldc int
}

// gemmBlock is how many terms are summed before they are added to C. It is part of the result, so it never changes with the shape:
// an element is the same whatever rows and columns are computed beside it.
const gemmBlock = 256

func sgemm(name string, c, a, b []float32, s gemmShape, accumulate bool) {
	if s.m < 0 || s.n < 0 || s.k < 0 {
		panic(fmt.Sprintf("kernel: %s: negative size %d×%d×%d", name, s.m, s.n, s.k))
	}
	if s.m == 0 || s.n == 0 {
		return
	}
	c = s.boundC(name, c)
	if s.k == 0 {
		s.clearC(c, accumulate)
		return
	}
	a, b = s.boundA(a), s.boundB(b)
	cpu.sgemm(c, a, b, s, accumulate)
}

// boundC, boundA and boundB cut the slices to what the product touches, which checks their lengths.
func (s gemmShape) boundC(name string, c []float32) []float32 {
	if s.ldc < s.n {
		panic(fmt.Sprintf("kernel: %s: rows of C overlap: ldc %d, n %d", name, s.ldc, s.n))
	}
	return c[:(s.m-1)*s.ldc+s.n]
}

func (s gemmShape) boundA(a []float32) []float32 { return a[:(s.m-1)*s.ai+(s.k-1)*s.ak+1] }
func (s gemmShape) boundB(b []float32) []float32 { return b[:(s.k-1)*s.bk+(s.n-1)*s.bj+1] }

// clearC is the product of no terms.
func (s gemmShape) clearC(c []float32, accumulate bool) {
	for i := 0; i < s.m && !accumulate; i++ {
		clear(c[i*s.ldc : i*s.ldc+s.n])
	}
}

// sgemmGo sums each element's terms in order, block by block. Two by two elements at a time keep four sums in registers.
func sgemmGo(c, a, b []float32, s gemmShape, accumulate bool) {
	for p0 := 0; p0 < s.k; p0 += gemmBlock {
		p1 := min(p0+gemmBlock, s.k)
		add := accumulate || p0 > 0
		for i := 0; i < s.m; i += 2 {
			for j := 0; j < s.n; j += 2 {
				// At an edge the second row or column is the first once more, and its sums are the same values.
				i2, j2 := min(i+1, s.m-1), min(j+1, s.n-1)
				var s00, s01, s10, s11 float32
				ia, ia2, jb, jb2 := i*s.ai+p0*s.ak, i2*s.ai+p0*s.ak, j*s.bj+p0*s.bk, j2*s.bj+p0*s.bk
				for range p1 - p0 {
					a0, a1, b0, b1 := a[ia], a[ia2], b[jb], b[jb2]
					s00, s01 = fma32(a0, b0, s00), fma32(a0, b1, s01)
					s10, s11 = fma32(a1, b0, s10), fma32(a1, b1, s11)
					ia, ia2, jb, jb2 = ia+s.ak, ia2+s.ak, jb+s.bk, jb2+s.bk
				}
				if add {
					s00, s01, s10, s11 = s00+c[i*s.ldc+j], s01+c[i*s.ldc+j2], s10+c[i2*s.ldc+j], s11+c[i2*s.ldc+j2]
				}
				c[i*s.ldc+j], c[i*s.ldc+j2], c[i2*s.ldc+j], c[i2*s.ldc+j2] = s00, s01, s10, s11
			}
		}
	}
}
