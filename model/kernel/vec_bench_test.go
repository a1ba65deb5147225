package kernel

import (
	"fmt"
	"slices"
	"testing"
)

// BenchmarkVector reports GB/s of what each kernel reads and writes, on 4096 elements, which stay in the second cache.
func BenchmarkVector(b *testing.B) {
	const n = 4096
	a := newArena(b)
	a.start(1, false)
	f := make([][]float32, 6)
	h := make([][]uint16, 6)
	for i := range f {
		f[i], h[i] = make([]float32, n), make([]uint16, n)
		for j := range f[i] {
			f[i][j] = float32(a.rng.NormFloat64())
			h[i][j] = roundBF16(f[i][j])
		}
	}
	cos, sin := make([]float32, n/2), make([]float32, n/2)
	angles(a, cos, sin)
	var sink float32
	for _, k := range []struct {
		name  string
		bytes int // an element
		run   func()
	}{
		{"ToBF16", 6, func() { ToBF16(h[0], f[0]) }},
		{"FromBF16", 6, func() { FromBF16(f[0], h[0]) }},
		{"SoftmaxRow", 8, func() { copy(f[0], f[1]); sink += SoftmaxRow(f[0], 0.5) }},
		{"ExpShift", 8, func() { ExpShift(f[0], f[1], 0.5, 1) }},
		{"SoftmaxGradRow", 12, func() { SoftmaxGradRow(f[0], f[1], f[2], 0.5, 1) }},
		{"LogSumExp", 4, func() { sink += LogSumExp(f[1]) }},
		{"ExpShares", 8, func() { copy(f[0], f[1]); ExpShares(f[2], f[0]) }},
		{"ArgMax", 4, func() { sink += float32(ArgMax(f[1])) }},
		{"Dot", 8, func() { sink += Dot(f[1], f[2]) }},
		{"Axpy", 12, func() { Axpy(f[0], f[1], 1e-9) }},
		{"Add", 12, func() { Add(f[0], f[1], f[2]) }},
		{"Scale", 8, func() { Scale(f[0], 1) }},
		{"RMSNorm", 12, func() { sink += RMSNorm(f[0], f[1], f[2], 1e-5) }},
		{"RMSNormBF16", 10, func() { sink += RMSNormBF16(h[0], f[1], f[2], 1e-5) }},
		{"RMSNormGrad", 28, func() { RMSNormGrad(f[0], f[4], f[1], f[2], f[3], 1e-3) }},
		{"SwiGLU", 12, func() { SwiGLU(f[0], f[1], f[2]) }},
		{"SwiGLUBF16", 6, func() { SwiGLUBF16(h[0], h[1], h[2]) }},
		{"SwiGLUGradBF16", 12, func() { SwiGLUGradBF16(h[0], h[4], h[5], h[1], h[2], h[3]) }},
		{"Rope", 12, func() { Rope(f[0], cos, sin) }},
		{"AdamW", 28, func() { AdamW(f[0], f[4], f[5], f[1], 1e-9, 0.9, 0.99, 1e-8, 0, 1, 1, 1) }},
	} {
		for _, l := range slices.Backward(present()) {
			b.Run(k.name+"/"+l.name, func(b *testing.B) {
				defer setLevel(l)()
				for i := range f[0] { // what earlier kernels wrote may be denormal or infinite
					f[0][i], f[4][i], f[5][i] = 0.5, 0.25, 0.125
				}
				for b.Loop() {
					k.run()
				}
				b.ReportMetric(float64(k.bytes)*n*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "GB/s")
			})
		}
	}
	_ = sink
}

// BenchmarkSgemm reports GFLOP/s of one thread.
func BenchmarkSgemm(b *testing.B) {
	for _, s := range [][3]int{{512, 512, 512}, {128, 768, 256}, {64, 64, 64}, {8, 768, 256}, {1, 768, 256}, {1024, 1024, 1024}} {
		m, n, k := s[0], s[1], s[2]
		x, y, z := make([]float32, m*k), make([]float32, n*k), make([]float32, m*n)
		for i := range x {
			x[i] = float32(i%7) - 3
		}
		for i := range y {
			y[i] = float32(i%5) - 2
		}
		for _, f := range []struct {
			name string
			run  func()
		}{
			{"NT", func() { SgemmNT(z, x, y, m, n, k, k, k, n, false) }},
			{"NN", func() { SgemmNN(z, x, y, m, n, k, k, n, n, false) }},
			{"TN", func() { SgemmTN(z, x, y, m, n, k, m, n, n, false) }},
		} {
			for _, l := range slices.Backward(present()) {
				b.Run(fmt.Sprintf("%dx%dx%d/%s/%s", m, n, k, f.name, l.name), func(b *testing.B) {
					defer setLevel(l)()
					for b.Loop() {
						f.run()
					}
					b.ReportMetric(2*float64(m)*float64(n)*float64(k)*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "GFLOP/s")
				})
			}
		}
	}
}
