package optim

import (
	"math"

	"slm/model/kernel"
)

// newtonSchulz are the coefficients of the quintic iteration, chosen for steepness at zero rather than for convergence: singular values
// end between 0.7 and 1.2 (Jordan 2024), after five iterations.
var newtonSchulz = [3]float32{3.4445, -4.7750, 2.0315}

const newtonSchulzSteps = 5

// orthogonalise replaces x [rows,cols] by an approximation of U·Vᵀ, of its singular value decomposition U·S·Vᵀ: with X = x/‖x‖, five times
// A = X·Xᵀ, X ← aX + (bA + cA²)·X.
func orthogonalise(be kernel.Backend, x []float32, rows, cols int) {
	if rows > cols { // A is smaller on the narrow side
		t := make([]float32, len(x))
		kernel.Transpose(t, x, rows, cols)
		orthogonalise(be, t, cols, rows)
		kernel.Transpose(x, t, cols, rows)
		return
	}
	var sum float64
	for _, v := range x {
		sum += float64(v) * float64(v)
	}
	kernel.Scale(x, float32(1/max(math.Sqrt(sum), 1e-7)))
	if be.Precision() == kernel.BF16 {
		iterate[uint16](be, x, rows, cols)
	} else {
		iterate[float32](be, x, rows, cols)
	}
}

// iterate runs the iteration with the operands of its products in the type T.
func iterate[T kernel.Elem](be kernel.Backend, x []float32, n, m int) {
	a, b := make([]float32, n*n), make([]float32, n*n)
	xt, at := make([]T, n*m), make([]T, n*n)
	for range newtonSchulzSteps {
		kernel.Convert(xt, x)
		kernel.Gemm(be, kernel.Shape{M: n, N: n, K: m, LDA: m, LDB: m, LDC: n, TransB: true}, a, xt, xt)
		kernel.Convert(at, a)
		kernel.Gemm(be, kernel.Shape{M: n, N: n, K: n, LDA: n, LDB: n, LDC: n}, b, at, at)
		kernel.Scale(b, newtonSchulz[2])
		kernel.Axpy(b, a, newtonSchulz[1])
		kernel.Convert(at, b)
		kernel.Scale(x, newtonSchulz[0])
		kernel.Gemm(be, kernel.Shape{M: n, N: m, K: n, LDA: n, LDB: m, LDC: m, Accumulate: true}, x, at, xt)
	}
}
