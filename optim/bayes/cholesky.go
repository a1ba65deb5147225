package bayes

import (
	"errors"
	"math"
)

// ErrSingular says that the covariance matrix could not be factorised even with the largest jitter.
var ErrSingular = errors.New("bayes: covariance matrix is not positive definite")

// jitters are added to the diagonal in turn until the factorisation succeeds.
var jitters = [...]float64{0, 1e-10, 1e-8, 1e-6, 1e-4}

// triangle is a lower triangular matrix that grows by rows: row i begins at i(i+1)/2 and ends with its diagonal.
type triangle []float64

func (t triangle) row(i int) []float64 { return t[i*(i+1)/2 : (i+1)*(i+2)/2 : (i+1)*(i+2)/2] }

// factor is the Cholesky factor L of a covariance matrix, and L⁻¹. Each row is a function of the rows before and its own row of the
// matrix, in one order of sums; so a factor that grew row by row equals, bit for bit, the one of the whole matrix.
type factor struct {
	n       int
	jitter  int // index into jitters: the smallest that will do
	lower   triangle
	inverse triangle
}

// newFactor factorises the n×n matrix whose lower triangle is sigma, in O(n³).
func newFactor(sigma triangle, n int) (*factor, error) {
	return (&factor{}).extend(sigma, n)
}

// extend returns the factor of the n×n matrix sigma, whose first rows are those of f's; f itself stays as it is. Each new row costs
// O(n²). Where a new row needs more jitter, all is done again with it, as it would have been from the start.
func (f *factor) extend(sigma triangle, n int) (*factor, error) {
	for level := f.jitter; level < len(jitters); level++ {
		g := &factor{n: n, jitter: level, lower: make(triangle, n*(n+1)/2), inverse: make(triangle, n*(n+1)/2)}
		from := 0
		if level == f.jitter {
			from = f.n
			copy(g.lower, f.lower)
			copy(g.inverse, f.inverse)
		}
		copy(g.lower[from*(from+1)/2:], sigma[from*(from+1)/2:])
		if factorise(g.lower, from, n, jitters[level]) {
			invert(g.inverse, g.lower, from, n)
			return g, nil
		}
	}
	return nil, ErrSingular
}

// factorise replaces rows from … n-1 of a symmetric matrix's lower triangle by those of its Cholesky factor, the rows before being
// replaced already (Cholesky–Banachiewicz). False when the matrix, with jitter on its diagonal, is not positive definite.
func factorise(a triangle, from, n int, jitter float64) bool {
	for i := from; i < n; i++ {
		row := a.row(i)
		for j := range i {
			other := a.row(j)
			row[j] = (row[j] - dot(row[:j], other)) / other[j]
		}
		pivot := row[i] + jitter - dot(row[:i], row)
		if !(pivot > 1e-14) || math.IsInf(pivot, 0) {
			return false
		}
		row[i] = math.Sqrt(pivot)
	}
	return true
}

// invert writes rows from … n-1 of the inverse of a lower triangle.
func invert(inverse, lower triangle, from, n int) {
	for i := from; i < n; i++ {
		row, out := lower.row(i), inverse.row(i)
		d := 1 / row[i]
		for j := 0; j+1 < i; j += 2 {
			axpy2(-row[j]*d, inverse.row(j), -row[j+1]*d, inverse.row(j+1), out)
		}
		if i%2 == 1 {
			axpy(-row[i-1]*d, inverse.row(i-1), out)
		}
		out[i] = d
	}
}

// times writes L⁻¹x.
func (f *factor) times(dst, x []float64) {
	for i := range f.n {
		row := f.inverse.row(i)
		dst[i] = dot(row, x)
	}
}

// transposed writes L⁻ᵀx.
func (f *factor) transposed(dst, x []float64) {
	clear(dst)
	for i := range f.n {
		axpy(x[i], f.inverse.row(i), dst)
	}
}

// solve writes Σ⁻¹x = L⁻ᵀL⁻¹x.
func (f *factor) solve(dst, x []float64) {
	v := make([]float64, f.n)
	f.times(v, x)
	f.transposed(dst, v)
}

// precision writes the lower triangle of Σ⁻¹ = L⁻ᵀL⁻¹ given L⁻¹, in O(n³).
func precision(dst, inverse triangle, n int) {
	clear(dst)
	for k := 0; k < n; k += 2 {
		if row := inverse.row(k); k+1 == n {
			for i, v := range row {
				axpy(v, row[:i+1], dst.row(i))
			}
		} else {
			next := inverse.row(k + 1)
			for i, v := range row {
				axpy2(v, row[:i+1], next[i], next[:i+1], dst.row(i))
			}
			axpy(next[k+1], next, dst.row(k+1))
		}
	}
}

// dot is the inner product of a with the beginning of b, in four partial sums.
func dot(a, b []float64) float64 {
	var s0, s1, s2, s3 float64
	b = b[:len(a)]
	for len(a) >= 4 && len(b) >= 4 {
		s0 += float64(a[0] * b[0])
		s1 += float64(a[1] * b[1])
		s2 += float64(a[2] * b[2])
		s3 += float64(a[3] * b[3])
		a, b = a[4:], b[4:]
	}
	for i, v := range a {
		s0 += float64(v * b[i])
	}
	return (s0 + s1) + (s2 + s3)
}

// axpy adds v·x to the beginning of y.
func axpy(v float64, x, y []float64) {
	y = y[:len(x)]
	for len(x) >= 4 && len(y) >= 4 {
		y[0] += float64(v * x[0])
		y[1] += float64(v * x[1])
		y[2] += float64(v * x[2])
		y[3] += float64(v * x[3])
		x, y = x[4:], y[4:]
	}
	for i, w := range x {
		y[i] += float64(v * w)
	}
}

// axpy2 adds v·x + w·z to the beginning of y, x being no longer than z: half the traffic of two calls of axpy.
func axpy2(v float64, x []float64, w float64, z, y []float64) {
	y, rest := y[:len(z)], z[len(x):]
	tail := y[len(x):]
	y, z = y[:len(x)], z[:len(x)]
	for len(x) >= 4 && len(y) >= 4 && len(z) >= 4 {
		y[0] += float64(v*x[0]) + float64(w*z[0])
		y[1] += float64(v*x[1]) + float64(w*z[1])
		y[2] += float64(v*x[2]) + float64(w*z[2])
		y[3] += float64(v*x[3]) + float64(w*z[3])
		x, y, z = x[4:], y[4:], z[4:]
	}
	for i := range x {
		y[i] += float64(v*x[i]) + float64(w*z[i])
	}
	axpy(w, rest, tail)
}
