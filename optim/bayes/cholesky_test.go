package bayes

import (
	"errors"
	"math"
	"reflect"
	"testing"

	"slm/rng"
)

// matrix is a random covariance matrix's lower triangle.
func matrix(n int, s *rng.Stream) triangle {
	a := make([]float64, n*n)
	for i := range a {
		a[i] = s.Norm()
	}
	t := make(triangle, n*(n+1)/2)
	for i := range n {
		for j := range i + 1 {
			t.row(i)[j] = dot(a[i*n:(i+1)*n], a[j*n:(j+1)*n])
		}
		t.row(i)[i] += 0.1
	}
	return t
}

func TestCholesky_FactorTimesItsTransposeIsTheMatrix(t *testing.T) {
	for _, n := range []int{1, 2, 5, 33} {
		sigma := matrix(n, rng.New(uint64(n)))
		f, err := newFactor(sigma, n)
		if err != nil {
			t.Fatal(err)
		}
		x, y, back := make([]float64, n), make([]float64, n), make([]float64, n)
		for i := range x {
			x[i] = float64(i%5) - 1.5
		}
		f.solve(y, x)
		for i := range n {
			for j := range i + 1 {
				var sum float64
				for k := range j + 1 {
					sum += f.lower.row(i)[k] * f.lower.row(j)[k]
				}
				if math.Abs(sum-sigma.row(i)[j]) > 1e-10*float64(n) {
					t.Fatalf("n = %d: (LLᵀ)[%d,%d] = %v, want %v", n, i, j, sum, sigma.row(i)[j])
				}
				back[i] += sigma.row(i)[j] * y[j]
				if j < i {
					back[j] += sigma.row(i)[j] * y[i]
				}
			}
		}
		for i := range x {
			if math.Abs(back[i]-x[i]) > 1e-7 {
				t.Errorf("n = %d: ΣΣ⁻¹x = %v, want %v", n, back[i], x[i])
			}
		}
	}
}

func TestCholesky_FactorThatGrewEqualsTheOneMadeAtOnceBitForBit(t *testing.T) {
	const n = 40
	sigma := matrix(n, rng.New(3))
	// Rows 20 and 31 repeat rows 3 and 7: from there on jitter is needed.
	for _, copied := range [][2]int{{20, 3}, {31, 7}} {
		row := sigma.row(copied[0])
		for j := range row {
			row[j] = sigma.row(max(copied[1], j))[min(copied[1], j)]
		}
		row[copied[0]] = sigma.row(copied[1])[copied[1]]
		for i := copied[0] + 1; i < n; i++ {
			sigma.row(i)[copied[0]] = sigma.row(i)[copied[1]]
		}
	}
	whole, err := newFactor(sigma, n)
	if err != nil {
		t.Fatal(err)
	}
	if whole.jitter == 0 {
		t.Fatal("the matrix was to need jitter")
	}
	for _, steps := range [][]int{{40}, {1, 40}, {19, 20, 21, 40}, {5, 30, 31, 32, 39, 40}} {
		f := &factor{}
		for _, to := range steps {
			before := *f
			if f, err = f.extend(sigma, to); err != nil {
				t.Fatal(err)
			}
			if before.n > 0 && before.n == f.n {
				t.Fatal("it did not grow")
			}
		}
		if !reflect.DeepEqual(f, whole) {
			t.Errorf("grown in steps %v, it differs", steps)
		}
	}
}

func TestCholesky_MatrixBeyondJitterIsRefused(t *testing.T) {
	for _, sigma := range []triangle{{1, 2, 1}, {-1}, {math.NaN()}, {math.Inf(1)}} {
		n := 1
		if len(sigma) == 3 {
			n = 2
		}
		if _, err := newFactor(sigma, n); !errors.Is(err, ErrSingular) {
			t.Errorf("%v: %v", sigma, err)
		}
	}
}
