package kernel

import (
	"fmt"
	"math"
	"testing"
	"time"
)

// BenchmarkPairs is y = x·Wᵀ with W [704, 256] in each class of bf16 at each level, on one core. GFLOP/s is of the fastest product, which neighbours
// disturb least.
func BenchmarkPairs(b *testing.B) {
	const n, k = 704, 256
	for _, l := range present() {
		for _, open := range []func() (Backend, error){openPair, openTile} {
			for _, m := range []int{1, 4, 128} {
				if l == generic && m > 4 {
					continue // a tenth of a second each
				}
				restore := setLevel(l)
				be, err := open()
				if err != nil {
					b.Fatal(err)
				}
				b.Run(fmt.Sprintf("%s/%d", be.Name(), m), func(b *testing.B) {
					w := NewWeights[uint16](be, n, k)
					w.Set(normals(n*k, 1))
					x, y, best := elements[uint16](normals(m*k, 2)), make([]uint16, m*n), math.Inf(1)
					for b.Loop() {
						began := time.Now()
						Linear(w, y, x, m, k, n, 0, n, false)
						best = min(best, time.Since(began).Seconds())
					}
					b.ReportMetric(2*float64(m*n*k)/1e9/best, "GFLOP/s")
				})
				restore()
			}
		}
	}
}
