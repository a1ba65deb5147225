package kernel

import (
	"math"
	"slices"
	"testing"
)

// needTiles skips the test on a machine without AMX.
func needTiles(t testing.TB) Backend {
	t.Helper()
	be, err := openAMX32()
	if err != nil {
		t.Skip(err)
	}
	return be
}

func TestSplittingIntoThreePartsLosesNothing(t *testing.T) {
	ar := newArena(t)
	ar.start(1, false)
	for _, v := range append(ar.wild(4000), 1, -1, 0x1p-109, 0x1.fffffep127/2, 0x1.8080p3, 0x1.fffffep0) {
		if a := math.Abs(float64(v)); a < 0x1p-109 || a > 3.39e38 {
			continue // the last part may be a denormal, or the first infinite
		}
		sum := 0.0
		for _, part := range split(v) {
			sum += float64(widenBF16(part))
		}
		if sum != float64(v) {
			t.Errorf("the parts of %g make %g", v, sum)
		}
	}
}

func TestAnUndefinedValueStaysInOneOfItsParts(t *testing.T) {
	for _, bits := range []uint32{0x7f800000, 0xff800000, 0x7f800001, 0x7fffffff, 0xffffffff, 0x7fc00000, 0xff808000} {
		found := false
		for _, part := range split(math.Float32frombits(bits)) {
			v := widenBF16(part)
			found = found || v != v
		}
		if !found {
			t.Errorf("%#x: no part of it is NaN", bits)
		}
	}
}

// stepOf is where the step of term k begins, for row or column i of a packed operand whose strips or panels hold that many steps.
func stepOf(i, k, steps int) int { return (i/tileSide*steps + k/tileSide) * splitParts * stepSize }

func leftAt(i, k, steps int) int {
	return stepOf(i, k, steps) + i%tileSide*tileSide + k%16*2 + k%tileSide/16
}

func rightAt(i, k, steps int) int {
	return stepOf(i, k, steps) + i%tileSide/16*512 + k%16*tileSide + i%16*2 + k%tileSide/16
}

// TestPackedOperandsHoldThePartsOfTheirValues compares all four ways of packing, on whole and on hanging steps, with the twin.
func TestPackedOperandsHoldThePartsOfTheirValues(t *testing.T) {
	needTiles(t)
	ar := newArena(t)
	for seed, size := range [][2]int{{32, 32}, {32, 64}, {37, 70}, {5, 40}, {64, 33}, {1, 1}} {
		n, k := size[0], size[1]
		ar.start(uint64(seed), seed%2 == 1)
		along, across := ar.any(n*k), make([]float32, n*k) // [n,k] and [k,n]
		Transpose(across, along, n, k)
		steps := (k + tileSide - 1) / tileSide
		var columns, rows amxPanels
		pack(&columns, &splits, along, n, k, k, true)
		pack(&rows, &splits, across, n, k, n, false)
		var left, turned []uint16
		l := splitLeftOperand(&left, along, Shape{M: n, K: k, LDA: k})
		l.reach(0, steps)
		tr := splitLeftOperand(&turned, across, Shape{M: n, K: k, LDA: n, TransA: true})
		ar.intact()
		for _, c := range []struct {
			name string
			data []uint16
			at   func(i, k, steps int) int
		}{{"columns", columns.data, rightAt}, {"rows", rows.data, rightAt}, {"left", l.data, leftAt}, {"left transposed", tr.data, leftAt}} {
			for i := range n {
				for term := range k {
					for part, want := range split(along[i*k+term]) {
						if got := c.data[c.at(i, term, steps)+part*stepSize]; got != want && (!undefined(got) || !undefined(want)) {
							t.Fatalf("%d by %d, %s: part %d of value %d,%d (%g) is %#x, want %#x", n, k, c.name, part, i, term, along[i*k+term], got, want)
						}
					}
				}
			}
		}
	}
}

func undefined(part uint16) bool { return part&0x7fff > 0x7f80 }

// splitProduct is the twin of a strip for one element: what the tiles do with a row of A and a column of B. Products of two bf16 are exact in
// float32; a tile product sums the even and the odd words of its pairs apart, and adds both to the sum at once.
func splitProduct(a, b []float32) float32 {
	var c float32
	for from := 0; from < len(a); from += splitDepth * tileSide {
		var sum float32
		for step := from; step < min(from+splitDepth*tileSide, len(a)); step += tileSide {
			for _, p := range [][2]int{{0, 2}, {0, 1}, {1, 1}, {1, 0}, {2, 0}, {0, 0}} {
				var even, odd float32
				for k := step; k < step+16; k++ {
					even += float32(part(a, k, p[0]) * part(b, k, p[1]))
					odd += float32(part(a, k+16, p[0]) * part(b, k+16, p[1]))
				}
				sum += even + odd
			}
		}
		if from == 0 {
			c = sum
		} else {
			c += sum
		}
	}
	return c
}

// part is a part of x[k], or 0 behind the end.
func part(x []float32, k, i int) float32 {
	if k >= len(x) {
		return 0
	}
	return widenBF16(split(x[k])[i])
}

func TestSplitProductsHaveTheBitsOfTheirPlainTwin(t *testing.T) {
	be := needTiles(t)
	for _, s := range []Shape{{M: 1, N: 1, K: 1}, {M: 33, N: 40, K: 70}, {M: 16, N: 64, K: 256}, {M: 7, N: 33, K: 600}} {
		s.LDA, s.LDB, s.LDC, s.TransB = s.K, s.K, s.N, true
		a, b, c := normals(s.M*s.K, 1), normals(s.N*s.K, 2), make([]float32, s.M*s.N)
		be.Gemm32(s, c, a, b)
		for i, got := range c {
			row, col := i/s.N, i%s.N
			if want := splitProduct(a[row*s.K:(row+1)*s.K], b[col*s.K:(col+1)*s.K]); got != want {
				t.Fatalf("%+v: element %d is %g, want %g", s, i, got, want)
			}
		}
	}
}

// TestSplitProductsAreAsAccurateAsTheGoKernels measures against float64, in units of 2⁻²⁴·Σ|a·b|.
func TestSplitProductsAreAsAccurateAsTheGoKernels(t *testing.T) {
	be := needTiles(t)
	const m, n = 16, 32
	signs := func(x float64) float64 { return x }
	for name, f := range map[string]func(float64) float64{
		"normal": signs, "positive": math.Abs, "of many sizes": func(x float64) float64 { return math.Copysign(math.Exp(3*x), math.Sin(1e6*x)) },
	} {
		for _, k := range []int{64, 256, 512, 2048, 8192} {
			a, b := normals(m*k, 1), normals(n*k, 2)
			for _, x := range [][]float32{a, b} {
				for i, v := range x {
					x[i] = float32(f(float64(v)))
				}
			}
			s := Shape{M: m, N: n, K: k, LDA: k, LDB: k, LDC: n, TransB: true}
			want, size := plainGemm(s, make([]float64, m*n), widen64(a), widen64(b))
			measure := func(be Backend) (worst, rms float64) {
				c := make([]float32, m*n)
				be.Gemm32(s, c, a, b)
				for i, v := range c {
					e := math.Abs(float64(v)-want[i]) / size[i] * 0x1p24
					worst, rms = max(worst, e), rms+e*e
				}
				return worst, math.Sqrt(rms / float64(m*n))
			}
			worst, rms := measure(be)
			plainWorst, plainRMS := measure(goBackend{})
			t.Logf("%s, %d terms: at most %.2f, root mean square %.3f; the Go kernel %.2f, %.3f", name, k, worst, rms, plainWorst, plainRMS)
			if worst > 1.25*plainWorst || rms > plainRMS {
				t.Errorf("%s, %d terms: worse than the Go kernel", name, k)
			}
		}
	}
}

func TestAnUndefinedOperandSpoilsItsRowOrColumnAndNoOther(t *testing.T) {
	be := needTiles(t)
	const m, n, k = 40, 70, 100
	s := Shape{M: m, N: n, K: k, LDA: k, LDB: n, LDC: n}
	for _, bad := range []float32{float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN()), math.Float32frombits(0x7fffffff)} {
		a, b, c := normals(m*k, 1), normals(k*n, 2), make([]float32, m*n)
		a[3*k+41], b[99*n+68] = bad, bad
		be.Gemm32(s, c, a, b)
		for i, v := range c {
			if spoilt := i/n == 3 || i%n == 68; spoilt != (v != v) {
				t.Fatalf("with %g, element %d,%d is %g", bad, i/n, i%n, v)
			}
		}
	}
}

// TestARowOfASplitProductIsTheSameAloneAndInABatch holds for packed weights too, and for any part of the columns.
func TestARowOfASplitProductIsTheSameAloneAndInABatch(t *testing.T) {
	be := needTiles(t)
	const m, n, k = 70, 96, 320
	w := NewWeights[float32](be, n, k, false)
	w.Set(normals(n*k, 1))
	x, whole := normals(m*k, 2), make([]float32, m*n)
	Linear(w, whole, x, m, k, n, 0, n, false)
	for row := range m {
		alone := make([]float32, n)
		for from := 0; from < n; from += PanelAlign {
			Linear(w, alone[from:], x[row*k:(row+1)*k], 1, k, n, from, from+PanelAlign, false)
		}
		if !slices.Equal(alone, whole[row*n:(row+1)*n]) {
			t.Fatalf("row %d has other bits alone", row)
		}
	}
}
