package cma

import (
	"cmp"
	"math"
	"slices"
)

// matrix is symmetric, as rows. Its arithmetic is written out because sums must have one order, without fused steps, on every processor.
type matrix [][]float64

func newMatrix(n int) matrix {
	m := make(matrix, n)
	for i := range m {
		m[i] = make([]float64, n)
	}
	return m
}

func identity(n int) matrix {
	m := newMatrix(n)
	for i := range m {
		m[i][i] = 1
	}
	return m
}

// times is m·v.
func (m matrix) times(v []float64) []float64 {
	out := make([]float64, len(m))
	for i, row := range m {
		for j, a := range row {
			out[i] += float64(a * v[j])
		}
	}
	return out
}

// add adds w·v·vᵀ.
func (m matrix) add(w float64, v []float64) {
	for i, row := range m {
		for j := range row {
			row[j] += float64(w * (v[i] * v[j]))
		}
	}
}

// eigen returns the eigenvalues in ascending order, and the eigenvectors as rows, by Jacobi's method with the sweeps of Rutishauser 1966.
// It destroys m. NaN and infinities come back among the values.
func (m matrix) eigen() (values []float64, vectors matrix) {
	n := len(m)
	vectors = identity(n)
	for range 60 { // a handful is enough
		off := 0.0
		for i := range m {
			for j := range i {
				off += math.Abs(m[i][j])
			}
		}
		if off == 0 || off != off {
			break
		}
		for i := range m {
			for j := range i {
				m.rotate(i, j, vectors)
			}
		}
	}
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(m[a][a], m[b][b]) })
	sorted := make(matrix, n)
	for k, i := range order {
		values, sorted[k] = append(values, m[i][i]), vectors[i]
	}
	return values, sorted
}

// rotate turns the axes i and j so that m[i][j] becomes 0.
func (m matrix) rotate(i, j int, vectors matrix) {
	a := m[i][j]
	if small := math.Abs(a) * 1e18; small <= math.Abs(m[i][i]) && small <= math.Abs(m[j][j]) {
		m[i][j], m[j][i] = 0, 0
		return
	}
	half := (m[i][i] - m[j][j]) / (2 * a) // cot 2φ
	t := 1 / (math.Abs(half) + math.Sqrt(1+float64(half*half)))
	if half < 0 {
		t = -t
	}
	cos := 1 / math.Sqrt(1+float64(t*t))
	sin := t * cos
	m[i][i] += float64(t * a)
	m[j][j] -= float64(t * a)
	m[i][j], m[j][i] = 0, 0
	for k := range m {
		if k != i && k != j {
			x, y := m[i][k], m[j][k]
			m[i][k] = float64(cos*x) + float64(sin*y)
			m[j][k] = float64(cos*y) - float64(sin*x)
			m[k][i], m[k][j] = m[i][k], m[j][k]
		}
	}
	for k, x := range vectors[i] {
		y := vectors[j][k]
		vectors[i][k] = float64(cos*x) + float64(sin*y)
		vectors[j][k] = float64(cos*y) - float64(sin*x)
	}
}
