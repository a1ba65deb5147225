package optim

import (
	"math"

	"slm/model/kernel"
)

// ClipGlobalNorm returns the Euclidean norm of all gradients together and, when it exceeds limit, scales them by limit/(norm+1e-6)
// as torch.nn.utils.clip_grad_norm_ does. A limit of 0 or less only measures.
//
// Squares are summed in double precision, a tile at a time, and the tiles in index order. When a gradient is not finite the norm
// is NaN or +Inf and the gradients are left as they are, so that the caller can name the step and stop.
func ClipGlobalNorm(params []Param, limit float64) (norm float64) {
	spans := cut(params)
	partial := make([]float64, len(spans))
	kernel.Parallel(len(spans), func(i int) {
		s := spans[i]
		partial[i] = sumSquares(params[s.param].G[s.lo:s.hi])
	})
	var sum float64
	for _, p := range partial {
		sum += p
	}
	norm = math.Sqrt(sum)
	if limit <= 0 || !(norm > limit) || math.IsInf(norm, 0) {
		return norm
	}
	factor := float32(limit / (norm + 1e-6))
	kernel.Parallel(len(spans), func(i int) {
		s := spans[i]
		kernel.Scale(params[s.param].G[s.lo:s.hi], factor)
	})
	return norm
}

// sumSquares adds in four chains, which the processor overlaps, and joins them in a fixed order.
func sumSquares(x []float32) float64 {
	var a, b, c, d float64
	for len(x) >= 4 {
		p, q, r, s := float64(x[0]), float64(x[1]), float64(x[2]), float64(x[3])
		a += float64(p * p)
		b += float64(q * q)
		c += float64(r * r)
		d += float64(s * s)
		x = x[4:]
	}
	for _, v := range x {
		a += float64(float64(v) * float64(v))
	}
	return (a + b) + (c + d)
}
