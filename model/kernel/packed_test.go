package kernel

import (
	"math"
	"math/rand/v2"
	"testing"
)

// normals is n values from N(0,1).
func normals(n int, seed uint64) []float32 {
	r, x := rand.New(rand.NewPCG(seed, 2)), make([]float32, n)
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	return x
}

// inPrecision is x as the backend sees it.
func inPrecision(be Backend, x []float32) []float32 {
	if be.Precision() == F32 {
		return x
	}
	half, out := make([]uint16, len(x)), make([]float32, len(x))
	ToBF16(half, x)
	FromBF16(out, half)
	return out
}

// rowCounts are below, at and above the heights of tiles.
func rowCounts() []int {
	var ms []int
	for m := range 41 {
		ms = append(ms, m)
	}
	return append(ms, 127, 128, 129, 130, 255, 256, 257, 300)
}

func TestPackedProductsEqualTheirPlainTwin(t *testing.T) {
	const k, most = 33, 300
	eachBackend(t, func(t *testing.T, be Backend) {
		for _, n := range []int{1, 70} {
			x, w, other := normals(most*k, 1), normals(n*k, 2), normals(n*k, 3)
			p := be.Pack(w, n, k)
			check := func(m int, w []float32) {
				t.Helper()
				s := Shape{M: m, N: n, K: k, LDA: k, LDB: k, LDC: n, TransB: true}
				y := normals(m*n+1, 4) // what stood there must not matter, and the element behind must stay
				last := y[m*n]
				p.Mul(y[:m*n], x[:m*k], m)
				checkProduct(t, "Mul", s, y[:m*n], make([]float32, m*n), inPrecision(be, x[:m*k]), inPrecision(be, w), 0)
				if y[m*n] != last {
					t.Fatalf("%d rows: an element behind y has changed", m)
				}
			}
			for _, m := range rowCounts() {
				check(m, w)
			}
			kept := append([]float32(nil), w...)
			clear(w)
			check(17, kept) // a copy: changes show only after Repack
			p.Repack(other)
			check(17, other)
			check(300, other)
		}
	})
}

func TestPackedPanelsHaveTheBitsOfSgemmNT(t *testing.T) {
	const n, k, most = 201, 300, 600
	x, w := normals(most*k, 5), normals(n*k, 6)
	eachLevel(t, func(t *testing.T) {
		rows := []int{1, 2, 13, 40, panelRows + 1, most}
		if cpu == levelGeneric {
			rows = rows[:3] // the twin is slow
		}
		p := goBackend{}.Pack(w, n, k)
		for _, m := range rows {
			got, want := make([]float32, m*n), make([]float32, m*n)
			p.Mul(got, x[:m*k], m)
			SgemmNT(want, x[:m*k], w, m, n, k, k, k, n, false)
			for i := range want {
				if math.Float32bits(got[i]) != math.Float32bits(want[i]) {
					t.Fatalf("%d rows: element %d is %g, want %g", m, i, got[i], want[i])
				}
			}
		}
	})
}

func TestPackedProductsDoNotDependOnThreads(t *testing.T) {
	defer SetThreads(0)
	const m, n, k = 290, 130, 40
	x, w := normals(m*k, 7), normals(n*k, 8)
	eachBackend(t, func(t *testing.T, be Backend) {
		var want []float32
		for _, threads := range []int{1, 2, 5} {
			SetThreads(threads)
			got := make([]float32, m*n)
			be.Pack(w, n, k).Mul(got, x, m)
			if want == nil {
				want = got
			}
			for i := range want {
				if math.Float32bits(got[i]) != math.Float32bits(want[i]) {
					t.Fatalf("%d threads: element %d is %g, with one %g", threads, i, got[i], want[i])
				}
			}
		}
	})
}

func TestPackedProductsRefuseShortSlices(t *testing.T) {
	eachBackend(t, func(t *testing.T, be Backend) {
		p := be.Pack(make([]float32, 12), 4, 3)
		if !panics(func() { p.Mul(make([]float32, 7), make([]float32, 6), 2) }) || !panics(func() { p.Mul(make([]float32, 8), make([]float32, 5), 2) }) {
			t.Error("no panic")
		}
	})
}

func BenchmarkPackedGo(b *testing.B) {
	const n, k = 1024, 256
	p, w := goBackend{}.Pack(normals(n*k, 1), n, k), normals(n*k, 1)
	for _, m := range []int{1, 8, 64, 1024} {
		x, y := normals(m*k, 2), make([]float32, m*n)
		b.Run("panels", func(b *testing.B) {
			for b.Loop() {
				p.Mul(y, x, m)
			}
			b.ReportMetric(2*float64(m)*n*k*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
		})
		b.Run("SgemmNT", func(b *testing.B) {
			for b.Loop() {
				SgemmNT(y, x, w, m, n, k, k, k, n, false)
			}
			b.ReportMetric(2*float64(m)*n*k*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
		})
	}
}
