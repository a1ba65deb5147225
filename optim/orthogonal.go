package optim

import (
	"math"
	"sync"

	"slm/model/kernel"
)

// newtonSchulz are the coefficients of the quintic iteration, chosen for steepness at zero rather than for convergence: singular values
// end between 0.7 and 1.2 (Jordan 2024), after five iterations.
var newtonSchulz = [3]float32{3.4445, -4.7750, 2.0315}

const newtonSchulzSteps = 5

// orthogonaliser brings matrices near to ones with equal singular values. It may be used by several goroutines at a time.
type orthogonaliser interface {
	// run replaces x [rows,cols] by an approximation of U·Vᵀ, of its singular value decomposition U·S·Vᵀ.
	run(x []float32, rows, cols int)
}

// newOrthogonaliser multiplies in the backend's precision.
func newOrthogonaliser(be kernel.Backend) orthogonaliser {
	if be.Precision() == kernel.BF16 {
		return &iteration[uint16]{be: be}
	}
	return &iteration[float32]{be: be}
}

// iteration is Newton and Schulz's, with operands of products in the type T: with X = x/‖x‖, five times A = X·Xᵀ, X ← aX + (bA + cA²)·X.
type iteration[T kernel.Elem] struct {
	be    kernel.Backend
	rooms sync.Pool // *room[T]
}

// room is the working memory of one matrix.
type room[T kernel.Elem] struct {
	transposed, a, b []float32
	x, square        []T
}

func (it *iteration[T]) run(x []float32, rows, cols int) {
	r, ok := it.rooms.Get().(*room[T])
	if !ok {
		r = new(room[T])
	}
	defer it.rooms.Put(r)
	var sum float64
	for _, v := range x {
		sum += float64(float64(v) * float64(v))
	}
	kernel.Scale(x, float32(1/max(math.Sqrt(sum), 1e-7)))
	if rows <= cols {
		it.iterate(r, x, rows, cols)
		return
	}
	transposed := kernel.Grow(&r.transposed, len(x)) // A is smaller on the narrow side
	kernel.Transpose(transposed, x, rows, cols, cols)
	it.iterate(r, transposed, cols, rows)
	kernel.Transpose(x, transposed, cols, rows, rows)
}

func (it *iteration[T]) iterate(r *room[T], x []float32, n, m int) {
	a, b, half, square := kernel.Grow(&r.a, n*n), kernel.Grow(&r.b, n*n), kernel.Grow(&r.x, n*m), kernel.Grow(&r.square, n*n)
	for range newtonSchulzSteps {
		kernel.Convert(half, x)
		kernel.GemmSymmetric(it.be, kernel.Shape{M: n, N: n, K: m, LDA: m, LDB: m, LDC: n, TransB: true}, a, half, half)
		kernel.Convert(square, a)
		kernel.GemmSymmetric(it.be, kernel.Shape{M: n, N: n, K: n, LDA: n, LDB: n, LDC: n}, b, square, square)
		kernel.Scale(b, newtonSchulz[2])
		kernel.Axpy(b, a, newtonSchulz[1])
		kernel.Convert(square, b)
		kernel.Scale(x, newtonSchulz[0])
		kernel.Gemm(it.be, kernel.Shape{M: n, N: m, K: n, LDA: n, LDB: m, LDC: m, Accumulate: true}, x, square, half)
	}
}
