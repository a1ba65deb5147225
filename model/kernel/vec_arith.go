package kernel

import "math"

// Dot is Σ x·y by fused multiply-adds in four accumulators of 16 lanes (reduceLanes). The error is at most
// (n/16 + 8)·2⁻²⁴·Σ|x·y|.
func Dot(x, y []float32) float32 {
	sameLen("Dot", len(x), len(y))
	return cpu.dot(x, y)
}

func dotGo(x, y []float32) float32 {
	var acc [4]lanes
	return reduceLanes(acc[:], len(x),
		func(i int, sum float32) float32 { return fma32(x[i], y[i], sum) },
		func(sum float32) float32 { return fma32(0, 0, sum) })
}

// SumSquares is Σ x², with Dot's order and error.
func SumSquares(x []float32) float32 { return Dot(x, x) }

// Axpy computes y += a·x.
func Axpy(y, x []float32, a float32) {
	sameLen("Axpy", len(y), len(x))
	cpu.axpy(y, x, a)
}

func axpyGo(y, x []float32, a float32) {
	for i, v := range x {
		y[i] = fma32(v, a, y[i])
	}
}

// Add computes dst = a + b.
func Add(dst, a, b []float32) {
	sameLen("Add", len(dst), len(a), len(b))
	cpu.add(dst, a, b)
}

// AddTo computes y += x.
func AddTo(y, x []float32) { Add(y, y, x) }

func addGo(dst, a, b []float32) {
	for i, v := range a {
		dst[i] = v + b[i]
	}
}

// Scale computes x *= a.
func Scale(x []float32, a float32) {
	cpu.scale(x, a)
}

func scaleGo(x []float32, a float32) {
	for i := range x {
		x[i] *= a
	}
}

// MaxAbs is the largest |x|, 0 for an empty slice. NaN is passed over.
func MaxAbs(x []float32) float32 {
	return cpu.maxAbs(x)
}

func maxAbsGo(x []float32) float32 {
	var m float32
	for _, v := range x {
		if v = float32(math.Abs(float64(v))); v > m {
			m = v
		}
	}
	return m
}
