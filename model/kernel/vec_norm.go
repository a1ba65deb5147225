package kernel

import "math"

// RMSNorm computes dst = x·rstd·w with rstd = 1/√(mean(x²)+eps), which it returns for RMSNormGrad (Zhang and Sennrich 2019, eq. 4).
// The relative error is 2e-6.
func RMSNorm(dst, x, w []float32, eps float32) (rstd float32) {
	rstd = Rstd(x, eps)
	NormScale(dst, x, w, rstd)
	return rstd
}

// RMSNormBF16 is RMSNorm whose result is rounded to bf16.
func RMSNormBF16(dst []uint16, x, w []float32, eps float32) (rstd float32) {
	rstd = Rstd(x, eps)
	NormScaleBF16(dst, x, w, rstd)
	return rstd
}

// NormScale is RMSNorm of a row whose reciprocal root mean square is known.
func NormScale(dst, x, w []float32, rstd float32) {
	sameLen("NormScale", len(dst), len(x), len(w))
	cpu.normScale(dst, x, w, rstd)
}

// NormScaleBF16 is NormScale whose result is rounded to bf16.
func NormScaleBF16(dst []uint16, x, w []float32, rstd float32) {
	sameLen("NormScaleBF16", len(dst), len(x), len(w))
	cpu.normScaleBF16(dst, x, w, rstd)
}

// Rstd is the reciprocal root mean square of a row, 1/√(mean(x²)+eps).
func Rstd(x []float32, eps float32) float32 {
	mean := float64(SumSquares(x)) / float64(max(len(x), 1))
	return float32(1 / math.Sqrt(mean+float64(eps)))
}

func normScaleGo(dst, x, w []float32, rstd float32) {
	for i, v := range x {
		dst[i] = v * rstd * w[i]
	}
}

func normScaleBF16Go(dst []uint16, x, w []float32, rstd float32) {
	for i, v := range x {
		dst[i] = roundBF16(v * rstd * w[i])
	}
}

// RMSNormGrad adds to dx and dw the gradients of y = x̂·w, x̂ = x·rstd, for the upstream gradient dy:
// dx += rstd·(w·dy − x̂·mean(w·dy·x̂)), dw += dy·x̂.
func RMSNormGrad(dx, dw, dy, x, w []float32, rstd float32) {
	sameLen("RMSNormGrad", len(dx), len(dw), len(dy), len(x), len(w))
	if len(x) == 0 {
		return
	}
	r := float64(rstd)
	coef := float32(float64(dot3(w, dy, x)) / float64(len(x)) * r * r * r)
	cpu.normGrad(dx, dw, dy, x, w, rstd, coef)
}

// dot3 is Σ a·b·c in a fixed order.
func dot3(a, b, c []float32) float32 {
	return cpu.dot3(a, b, c)
}

func dot3Go(a, b, c []float32) float32 {
	var acc [4]lanes
	return reduceLanes(acc[:], len(a),
		func(i int, sum float32) float32 { return fma32(a[i]*b[i], c[i], sum) },
		func(sum float32) float32 { return fma32(0, 0, sum) })
}

// normGradGo computes dx += rstd·w·dy − coef·x and dw += dy·x·rstd.
func normGradGo(dx, dw, dy, x, w []float32, rstd, coef float32) {
	for i, v := range x {
		d := dy[i] * rstd
		dx[i] = fma32(-coef, v, fma32(w[i], d, dx[i]))
		dw[i] = fma32(d, v, dw[i])
	}
}
