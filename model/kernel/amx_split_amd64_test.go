package kernel

import (
	"math"
	"testing"
)

// splittings are both ways to split, with the products of a step in their order.
var splittings = []struct {
	*splitting
	products [][2]int
}{{threeParts, [][2]int{{0, 2}, {0, 1}, {1, 1}, {1, 0}, {2, 0}, {0, 0}}}, {twoParts, [][2]int{{0, 1}, {1, 0}, {0, 0}}}}

// eachSplitting runs f with both ways to split, or skips the test on a machine without AMX.
func eachSplitting(t *testing.T, f func(t *testing.T, be amx32Backend)) {
	for _, s := range splittings {
		t.Run(s.name, func(t *testing.T) {
			be, err := openAMX32(s.splitting)
			if err != nil {
				t.Skip(err)
			}
			f(t, be.(amx32Backend))
		})
	}
}

// split gives the parts of a value.
func (s *splitting) split(v float32) []uint16 {
	room := make([]uint16, (s.parts-1)*stepSize+1)
	s.put(room, v)
	parts := make([]uint16, s.parts)
	for i := range parts {
		parts[i] = room[i*stepSize]
	}
	return parts
}

func TestSplitting_PartsMakeTheValueOrComeAsNearAsTheirBits(t *testing.T) {
	ar := newArena(t)
	ar.start(1, false)
	for _, v := range append(ar.wild(4000), 1, -1, 0x1p-109, 0x1.fffffep127/2, 0x1.8080p3, 0x1.fffffep0, 0x1.00ffp0, 0x1.017f7ep0) {
		size := math.Abs(float64(v))
		if size < 0x1p-109 || size > 3.38e38 {
			continue // the last part may be a denormal, or the first infinite
		}
		for _, s := range splittings {
			sum := 0.0
			for _, part := range s.split(v) {
				sum += float64(widenBF16(part))
			}
			if off := math.Abs(sum - float64(v)); s.parts == 3 && off > 0 || off > 0x1p-17*size {
				t.Errorf("%s: the parts of %g make %g", s.name, v, sum)
			}
		}
	}
}

func TestSplitting_NaNStaysInOneOfItsParts(t *testing.T) {
	for _, bits := range []uint32{0x7f800000, 0xff800000, 0x7f800001, 0x7fffffff, 0xffffffff, 0x7fc00000, 0xff808000} {
		for _, s := range splittings {
			found := false
			for _, part := range s.split(math.Float32frombits(bits)) {
				v := widenBF16(part)
				found = found || v != v
			}
			if !found {
				t.Errorf("%s, %#x: no part of it is NaN", s.name, bits)
			}
		}
	}
}

// stepOf is where the step of term k begins, for row or column i of a packed operand whose strips or panels hold that many steps.
func (s *splitting) stepOf(i, k, steps int) int {
	return (i/tileSide*steps + k/tileSide) * s.parts * stepSize
}

func (s *splitting) leftAt(i, k, steps int) int {
	return s.stepOf(i, k, steps) + i%tileSide*tileSide + k%16*2 + k%tileSide/16
}

func (s *splitting) rightAt(i, k, steps int) int {
	return s.stepOf(i, k, steps) + i%tileSide/16*512 + k%16*tileSide + i%16*2 + k%tileSide/16
}

// TestSplitting_PackedOperandsHoldThePartsOfTheirValues compares all four ways of packing, on whole and on hanging steps, with the reference.
func TestSplitting_PackedOperandsHoldThePartsOfTheirValues(t *testing.T) {
	if !avx512Level.supported() {
		t.Skip("this machine has no AVX-512")
	}
	for _, way := range splittings { // no tiles are needed
		be, ar := way.splitting, newArena(t)
		for seed, size := range [][2]int{{32, 32}, {32, 64}, {37, 70}, {5, 40}, {64, 33}, {1, 1}} {
			n, k := size[0], size[1]
			ar.start(uint64(seed), seed%2 == 1)
			along, across := ar.any(n*k), make([]float32, n*k) // [n,k] and [k,n]
			Transpose(across, along, n, k, k)
			steps := (k + tileSide - 1) / tileSide
			var columns, rows amxPanels
			pack(&columns, &be.filling, along, n, k, k, true)
			pack(&rows, &be.filling, across, n, k, n, false)
			var left, across16 []uint16
			l := be.leftOperand(&left, along, Shape{M: n, K: k, LDA: k})
			l.reach(0, steps)
			tr := be.leftOperand(&across16, across, Shape{M: n, K: k, LDA: n, TransA: true})
			ar.intact()
			for _, c := range []struct {
				name string
				data []uint16
				at   func(i, k, steps int) int
			}{{"columns", columns.data, be.rightAt}, {"rows", rows.data, be.rightAt}, {"left", l.data, be.leftAt}, {"left transposed", tr.data, be.leftAt}} {
				for i := range n {
					for term := range k {
						for part, want := range be.split(along[i*k+term]) {
							if got := c.data[c.at(i, term, steps)+part*stepSize]; got != want && (!isNaN16(got) || !isNaN16(want)) {
								t.Fatalf("%s, %d by %d, %s: part %d of value %d,%d (%g) is %#x, want %#x", be.name, n, k, c.name, part, i, term, along[i*k+term], got, want)
							}
						}
					}
				}
			}
		}
	}
}

func isNaN16(part uint16) bool { return part&0x7fff > 0x7f80 }

// product is the reference of a strip for one element: what the tiles do with a row of A and a column of B. Products of two bf16 are exact in
// float32; a tile product sums the even and the odd words of its pairs apart, and adds both to the sum at once.
func (s *splitting) product(products [][2]int, a, b [][]float32) float32 {
	var c float32
	for from := 0; from < len(a[0]); from += splitDepth * tileSide {
		var sum float32
		for step := from; step < min(from+splitDepth*tileSide, len(a[0])); step += tileSide {
			for _, p := range products {
				var even, odd float32
				for k := step; k < step+16; k++ {
					even += float32(a[p[0]][k] * b[p[1]][k])
					odd += float32(a[p[0]][k+16] * b[p[1]][k+16])
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

// partsOf are the parts of n rows of k values, filled up with zeros to whole steps: by row and part.
func (s *splitting) partsOf(x []float32, n, k int) [][][]float32 {
	rows := make([][][]float32, n)
	for i := range rows {
		rows[i] = make([][]float32, s.parts)
		for p := range rows[i] {
			rows[i][p] = make([]float32, (k+tileSide-1)/tileSide*tileSide)
		}
		for j, v := range x[i*k : (i+1)*k] {
			for p, bits := range s.split(v) {
				rows[i][p][j] = widenBF16(bits)
			}
		}
	}
	return rows
}

func TestSplitProduct_HasTheBitsOfItsReference(t *testing.T) {
	for _, way := range splittings {
		be, err := openAMX32(way.splitting)
		if err != nil {
			t.Skip(err)
		}
		for _, s := range []Shape{{M: 1, N: 1, K: 1}, {M: 33, N: 40, K: 70}, {M: 16, N: 64, K: 256}, {M: 7, N: 33, K: 600}} {
			s.LDA, s.LDB, s.LDC, s.TransB = s.K, s.K, s.N, true
			a, b, c := normals(s.M*s.K, 1), normals(s.N*s.K, 2), make([]float32, s.M*s.N)
			be.Gemm32(s, c, a, b)
			rows, cols := way.partsOf(a, s.M, s.K), way.partsOf(b, s.N, s.K)
			for at, got := range c {
				if want := way.product(way.products, rows[at/s.N], cols[at%s.N]); got != want {
					t.Fatalf("%s, %+v: element %d is %g, want %g", way.name, s, at, got, want)
				}
			}
		}
	}
}

// TestSplitProduct_OfThreePartsIsAsAccurateAsTheGoKernel measures against float64, in units of 2⁻²⁴·Σ|a·b|.
func TestSplitProduct_OfThreePartsIsAsAccurateAsTheGoKernel(t *testing.T) {
	be, err := openAMX32(threeParts)
	if err != nil {
		t.Skip(err)
	}
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
			highWorst, highRMS := measure(amx32Backend{splitting: twoParts})
			t.Logf("%s, %d terms: at most %.2f, root mean square %.3f; the Go kernel %.2f, %.3f; two parts %.1f, %.2f", name, k, worst, rms, plainWorst, plainRMS, highWorst, highRMS)
			if worst > 1.25*plainWorst || rms > plainRMS {
				t.Errorf("%s, %d terms: worse than the Go kernel", name, k)
			}
		}
	}
}

func TestSplitProduct_NaNSpoilsItsRowOrColumnAndNoOther(t *testing.T) {
	eachSplitting(t, func(t *testing.T, be amx32Backend) {
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
	})
}
