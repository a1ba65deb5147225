package kernel

import "testing"

// toyBackend is a backend in a file of its own: it multiplies as the Go kernel does, from right operands in a layout of its own, and counts.
type toyBackend struct {
	goBackend
	products, packed *int
}

func (toyBackend) Name() string { return "toy+" + CPU() }
func (toyBackend) Class() Class { return "fast-toy" }

func (b toyBackend) Traits() Traits { return Traits{BatchInvariant: true, packs32: toyPacking{b}} }

func (b toyBackend) Gemm32(s Shape, c, x, y []float32) {
	*b.products++
	b.goBackend.Gemm32(s, c, x, y)
}

type toyPacking struct{ toyBackend }

func (p toyPacking) right() right[float32] { return &toyRight{toyBackend: p.toyBackend} }
func (p toyPacking) left() left[float32]   { return &toyLeft{toyBackend: p.toyBackend} }

// toyRight keeps B backwards: the element (k,n) stands at −1−k·N−n from the end.
type toyRight struct {
	toyBackend
	n, k int
	data []float32
}

func (r *toyRight) fit(n, k int) { r.n, r.k, r.data = n, k, make([]float32, n*k) }

func (r *toyRight) put(row, col int, v float32) { r.data[len(r.data)-1-row*r.n-col] = v }

func (r *toyRight) pack(b []float32, ld int, trans bool) {
	*r.packed++
	for row := range r.k {
		for col := range r.n {
			if trans {
				r.put(row, col, b[col*ld+row])
			} else {
				r.put(row, col, b[row*ld+col])
			}
		}
	}
}

func (r *toyRight) takeRows(x []float32, at, n int) {
	*r.packed++
	for i := range n * r.n {
		r.put(at+i/r.n, i%r.n, x[i])
	}
}

func (r *toyRight) takeColumns(x []float32, at, n int) {
	*r.packed++
	for i := range n * r.k {
		r.put(i%r.k, at+i/r.k, x[i])
	}
}

func (r *toyRight) multiply32(s Shape, c, plus []float32, a []float32, from, to int) {
	b := make([]float32, r.k*r.n)
	for i, v := range r.data {
		b[len(b)-1-i] = v
	}
	for i := range s.M {
		if s.Accumulate {
			copy(c[i*s.LDC:i*s.LDC+to-from], plus[i*s.LDC:i*s.LDC+to-from])
		}
	}
	s.N, s.LDB, s.TransB = to-from, r.n, false
	r.Gemm32(s, c, a, b[from:])
}

func (r *toyRight) multiply16(Shape, []uint16, []float32, int, int) {
	panic("kernel: products of float32 are not rounded to bf16")
}

type toyLeft struct {
	toyBackend
	a []float32
}

func (l *toyLeft) pack(a []float32, _ Shape) {
	*l.packed++
	l.a = a
}

func (l *toyLeft) addProduct(c, b []float32, s Shape) { l.Gemm32(s, c, l.a, b) }

// TestBackends_ANewOneIsInEveryConformanceTest adds a backend with one line, and runs what compares backends with their references.
func TestBackends_ANewOneIsInEveryConformanceTest(t *testing.T) {
	var products, packed int
	before := kinds
	kinds = append([]kind{{"toy", func() (Backend, error) { return toyBackend{products: &products, packed: &packed}, nil }, nil}}, kinds...)
	t.Cleanup(func() { kinds = before })

	t.Setenv("SLM_KERNEL", "")
	if be, err := Open(""); err != nil || be.Name() != "toy+"+CPU() {
		t.Errorf("the best backend is %v, %v", be, err)
	}
	if Names()[0] != "toy" {
		t.Errorf("the names are %q", Names())
	}
	for name, test := range map[string]struct {
		run   func(*testing.T)
		packs bool
	}{
		"product":            {TestBackends_MultiplyAsTheirReference, false},
		"short slices":       {TestBackends_RefuseAShapeThatDoesNotFitItsSlices, false},
		"weights":            {TestWeights_ProductsEqualTheirReference, true},
		"short weights":      {TestWeights_ProductsRefuseShortSlices, true},
		"first terms":        {TestOperand_AProductOfTheFirstTermsLeavesTheRestOut, true},
		"transposed":         {TestTransposed_ProductsEqualTheirReference, true},
		"attention":          {TestAttention_EqualsItsReference, true},
		"columns of a head":  {TestAttention_AKeyHeadWritesItsOwnColumnsOnly, true},
		"rows alone":         {TestTraits_ABatchInvariantRowIsTheSameAloneAndInABatch, true},
		"names of their own": {TestBackends_HaveNamesOfTheirOwn, false},
	} {
		products, packed = 0, 0
		if t.Run(name, test.run); name != "names of their own" && (products == 0 || test.packs && packed == 0) {
			t.Errorf("%s: %d products and %d packed operands of the new backend", name, products, packed)
		}
	}
}
