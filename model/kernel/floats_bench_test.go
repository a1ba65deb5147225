package kernel

import (
	"math"
	"testing"
	"time"
)

// BenchmarkFloats is what a step of training multiplies in float32, of a model 256 wide, on one core, at the level in use. GFLOP/s is of the fastest of all
// calls, which neighbours disturb least.
func BenchmarkFloats(b *testing.B) {
	const m, n, k, length = 128, 704, 256, 256
	be := goBackend{}
	w, g := NewWeights[float32](be, n, k), NewGradWeights[float32](be, n, k)
	w.Set(normals(n*k, 1))
	g.Set(normals(n*k, 1))
	x, y, sums := normals(length*k, 2), normals(length*n, 3), make([]float32, k*n)
	sh := AttnShape{Heads: 4, KVHeads: 4, HeadDim: 64}
	qkv, out, lse, rope := normals(length*sh.qkvWidth(), 4), make([]float32, length*sh.outWidth()), make([]float32, length*sh.Heads), NewRotary(length, sh.HeadDim, 1e4)
	dqkv := make([]float32, len(qkv))
	var left Transposed[float32]
	pairs := float64(length * (length + 1) / 2)
	big := NewWeights[float32](be, 8192, 512)
	big.Set(normals(8192*512, 5))
	wide, logits := normals(m*512, 6), make([]float32, m*512)
	at := 0
	for _, c := range []struct {
		name string
		flop float64
		run  func()
	}{
		{"Linear", 2 * m * n * k, func() { Linear(w, y, x, m, k, n, 0, n, false) }},
		{"LinearGrad", 2 * m * n * k, func() { LinearGrad(g, x, y, m, n, k, false) }},
		{"Logits", 2 * m * 512 * 512, func() {
			Linear(big, logits, wide, m, 512, 512, at, at+512, false)
			at = (at + 512) % 8192
		}},
		{"AddProduct", 2 * length * n * k, func() {
			left.Set(be, x, k, length, k)
			left.AddProduct(sums, y, n, n, n)
		}},
		{"AttendForward", 4 * pairs * 64, func() { AttendForward(be, sh, qkv, out, lse, length, 1) }},
		{"AttendBackward", 10 * pairs * 64, func() { AttendBackward(be, sh, rope, qkv, out, out, dqkv, lse, length, 1) }},
	} {
		b.Run(c.name, func(b *testing.B) {
			best := math.Inf(1)
			for b.Loop() {
				began := time.Now()
				c.run()
				best = min(best, time.Since(began).Seconds())
			}
			b.ReportMetric(c.flop/1e9/best, "GFLOP/s")
		})
	}
}
