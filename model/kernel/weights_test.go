package kernel

import (
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

// elements is x in the type T.
func elements[T Elem](x []float32) []T {
	out := make([]T, len(x))
	Convert(out, x)
	return out
}

func TestWeights_ProductsEqualTheirReference(t *testing.T) {
	eachBackend(t, func(t *testing.T, be Backend) {
		if be.Precision() == BF16 {
			checkWeights[uint16](t, be)
		} else {
			checkWeights[float32](t, be)
		}
	})
}

func checkWeights[T Elem](t *testing.T, be Backend) {
	shapes := [][2]int{{64, 32}, {70, 33}, {1, 1}, {31, 96}, {160, 64}}
	rows := []int{0, 1, 15, 16, 17, 32, 33, 48, 64, 100}
	for _, shape := range shapes {
		n, k := shape[0], shape[1]
		w, grad := NewWeights[T](be, n, k), NewGradWeights[T](be, n, k)
		for seed := range uint64(2) { // the second time, all values must have changed
			master := normals(n*k, seed)
			w.Set(master)
			grad.Set(master)
			for _, m := range rows {
				gap := m % 3
				x, dy := elements[T](normals(m*(k+gap), 7)), elements[T](normals(m*(n+gap), 8))
				checkLinear[T, float32](t, w, master, x, m, k+gap, gap, 0)
				checkLinear[T, T](t, w, master, x, m, k+gap, gap, 0x1p-8)
				checkGrad[T, float32](t, grad, master, dy, m, n+gap, gap, 0)
				checkGrad[T, T](t, grad, master, dy, m, n+gap, gap, 0x1p-8)
			}
		}
	}
}

func checkLinear[T, R Elem](t *testing.T, w *Weights[T], master []float32, x []T, m, ldx, gap int, rel float64) {
	t.Helper()
	for from := 0; from < w.n; from += PanelAlign {
		to := min(w.n, from+2*PanelAlign)
		s := Shape{M: m, N: to - from, K: w.k, LDA: ldx, LDB: w.k, LDC: to - from + gap, TransB: true}
		before := elements[R](normals(m*s.LDC, 9))
		y := append([]R(nil), before...)
		Linear(w, y, x, m, ldx, s.LDC, from, to, false)
		part := elements[T](master[from*w.k : to*w.k])
		checkProduct(t, w.be, "Linear", s, y, before, x, part, rel)
		if rel > 0 {
			continue // results in bf16 are not added to
		}
		s.Accumulate = true
		y = append([]R(nil), before...)
		Linear(w, y, x, m, ldx, s.LDC, from, to, true)
		checkProduct(t, w.be, "Linear", s, y, before, x, part, rel)
	}
}

func checkGrad[T, R Elem](t *testing.T, w *Weights[T], master []float32, dy []T, m, ldy, gap int, rel float64) {
	t.Helper()
	s := Shape{M: m, N: w.k, K: w.n, LDA: ldy, LDB: w.k, LDC: w.k + gap}
	before := elements[R](normals(m*s.LDC, 10))
	dx := append([]R(nil), before...)
	LinearGrad(w, dx, dy, m, ldy, s.LDC, false)
	checkProduct(t, w.be, "LinearGrad", s, dx, before, dy, elements[T](master), rel)
}

func TestWeights_ProductsRefuseShortSlices(t *testing.T) {
	eachBackend(t, func(t *testing.T, be Backend) {
		if be.Precision() == BF16 {
			checkShortSlices[uint16](t, be)
		} else {
			checkShortSlices[float32](t, be)
		}
	})
}

func checkShortSlices[T Elem](t *testing.T, be Backend) {
	w, grad := NewWeights[T](be, 4, 3), NewGradWeights[T](be, 4, 3)
	w.Set(make([]float32, 12))
	grad.Set(make([]float32, 12))
	for name, short := range map[string]func(){
		"y":  func() { Linear(w, make([]float32, 7), make([]T, 6), 2, 3, 4, 0, 4, false) },
		"x":  func() { Linear(w, make([]float32, 8), make([]T, 5), 2, 3, 4, 0, 4, false) },
		"dx": func() { LinearGrad(grad, make([]float32, 5), make([]T, 8), 2, 4, 3, false) },
	} {
		if !panics(short) {
			t.Errorf("a short %s: no panic", name)
		}
	}
}

// TestOperand_AProductOfTheFirstTermsLeavesTheRestOut: causal attention multiplies with the first keys of a document only.
func TestOperand_AProductOfTheFirstTermsLeavesTheRestOut(t *testing.T) {
	eachBackend(t, func(t *testing.T, be Backend) {
		if be.Precision() == BF16 {
			checkFirstTerms[uint16](t, be)
		} else {
			checkFirstTerms[float32](t, be)
		}
	})
}

func checkFirstTerms[T Elem](t *testing.T, be Backend) {
	const m, n, k = 40, 70, 200
	a, b := elements[T](normals(m*k, 1)), elements[T](normals(n*k, 2))
	var right operand[T]
	right.set(be, b, n, k, n, false)
	for _, terms := range []int{k, 192, 64, 32, 30} {
		s := Shape{M: m, N: n, K: terms, LDA: k, LDB: n, LDC: n}
		got := make([]float32, m*n)
		product(&right, s, got, a)
		checkProduct(t, be, "product", s, got, make([]float32, m*n), a, b, 0)
	}
}

func BenchmarkWeights(b *testing.B) {
	for _, name := range Names() {
		be, err := Open(name)
		if err != nil {
			b.Log(err)
			continue
		}
		for _, shape := range [][3]int{{1, 1024, 256}, {16, 1024, 256}, {256, 768, 256}, {256, 1408, 256}, {256, 256, 704}, {256, 4096, 256}} {
			b.Run(name, func(b *testing.B) {
				if be.Precision() == BF16 {
					benchWeights[uint16](b, be, shape[0], shape[1], shape[2])
				} else {
					benchWeights[float32](b, be, shape[0], shape[1], shape[2])
				}
			})
		}
	}
}

func benchWeights[T Elem](b *testing.B, be Backend, m, n, k int) {
	w, grad := NewWeights[T](be, n, k), NewGradWeights[T](be, n, k)
	w.Set(normals(n*k, 1))
	grad.Set(normals(n*k, 1))
	x, y, dw := elements[T](normals(m*k, 2)), make([]T, m*n), make([]float32, n*k)
	rate := func(b *testing.B) {
		b.ReportMetric(2*float64(m)*float64(n)*float64(k)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
	}
	b.Run("linear", func(b *testing.B) {
		for b.Loop() {
			Linear(w, y, x, m, k, n, 0, n, false)
		}
		rate(b)
	})
	b.Run("grad", func(b *testing.B) {
		for b.Loop() {
			LinearGrad(grad, x, y, m, n, k, false)
		}
		rate(b)
	})
	b.Run("weight", func(b *testing.B) {
		for b.Loop() {
			Gemm(be, Shape{M: n, N: k, K: m, LDA: n, LDB: k, LDC: k, TransA: true, Accumulate: true}, dw, y, x)
		}
		rate(b)
	})
}
