package kernel

import (
	"math"
	"math/big"
	"math/rand/v2"
	"os"
	"testing"
)

// edges16 are bf16 at the edges of the format: zeros, subnormals, the smallest and the largest numbers, infinities and NaN.
var edges16 = []uint16{0, 0x8000, 1, 0x8001, 0x7f, 0x80, 0x8080, 0x81, 0x0100, 0x3f80, 0xbf80, 0x3f81, 0x7f7f, 0xff7f, 0x7f80, 0xff80, 0x7fc0}

// pairWord is a bf16: around 1, of some binades, of all of them, near the bottom of the range, or an edge.
func pairWord(r *rand.Rand, kind int) uint16 {
	v := uint16(r.Uint32())
	switch kind {
	case 0:
		return v&0x807f | uint16(125+r.IntN(4))<<7
	case 1:
		return v&0x807f | uint16(107+r.IntN(40))<<7
	case 2:
		return v&0x807f | uint16(r.IntN(68))<<7
	case 3:
		return edges16[r.IntN(len(edges16))]
	}
	return v &^ 0x40 // some NaN are signalling ones; all are NaN afterwards
}

// pairValue is a float32 that goes with the words of a kind.
func pairValue(r *rand.Rand, kind int) float32 {
	low := r.Uint32() & 0xffff
	switch kind {
	case 2: // sums next to the smallest normal number
		return math.Float32frombits(r.Uint32()&0x807fffff | uint32(r.IntN(4))<<23)
	case 3:
		if r.IntN(2) == 0 {
			low = 0
		}
	}
	return math.Float32frombits(uint32(pairWord(r, kind))<<16 | low)
}

// sameBits reports whether two results are the same: NaN has no bits of its own in a contract.
func sameBits(x, y float32) bool {
	return math.Float32bits(x) == math.Float32bits(y) || x != x && y != y
}

// exactStep is fusedStep on numbers, in arithmetic of arbitrary precision.
func exactStep(a, b, c float32) float32 {
	exact := func(x float32) *big.Float { return new(big.Float).SetPrec(2000).SetFloat64(float64(flushed(x))) }
	sum := exact(a)
	sum.Add(sum.Mul(sum, exact(b)), exact(c))
	rounded := new(big.Float).SetPrec(24).SetMode(big.ToNearestEven).Set(sum)
	switch {
	case sum.Sign() == 0: // -0 comes from zeros that are all negative
		return flushed(a)*flushed(b) + flushed(c)
	case rounded.MantExp(nil) < -125:
		return float32(math.Copysign(0, float64(sum.Sign())))
	}
	v, _ := rounded.Float32()
	return v
}

func TestFusedStep_EqualsExactArithmetic(t *testing.T) {
	r, n := rand.New(rand.NewPCG(17, 1)), 40_000
	if os.Getenv("SLM_TEST_ALL") != "" {
		n = 4_000_000
	}
	finite := func(x float32) bool { return x-x == 0 }
	check := func(a, b, c float32) {
		t.Helper()
		if finite(a) && finite(b) && finite(c) {
			if got, want := fusedStep(a, b, c), exactStep(a, b, c); !sameBits(got, want) {
				t.Fatalf("%g·%g + %g is %g, want %g", a, b, c, got, want)
			}
		}
	}
	for i := range n {
		kind := i % 5
		a, b := widenBF16(pairWord(r, kind)), widenBF16(pairWord(r, kind))
		check(a, b, pairValue(r, kind))
		// a sum that is a tie, or next to one: c is about 2^24 times as large as the term
		c := a * b * float32(int32(1)<<(22+r.IntN(4)))
		check(a, b, math.Float32frombits(math.Float32bits(c)&^0xf|uint32(r.IntN(4))))
	}
	for f := float32(0.25); f < 3; f += 0.25 { // what is lost on the way to the smallest normal number
		check(f*0x1p-75, -0x1p-75, 0x1p-126)
		check(f*0x1p-75, 0x1p-75, -0x1p-126)
	}
}

// pairOperands are those of a share of m rows and n columns, with gaps, sums and all.
func pairOperands(a *arena, m, n, pairs, kind int, half, from bool) pairShare {
	words := func(n int) []uint16 {
		x := a.halves(n)
		for i := range x {
			x[i] = pairWord(a.rng, kind)
		}
		return x
	}
	s := pairShare{m: m, n: n, pairs: pairs, ai: 2*pairs + 1, ak: 2, high: m, panel: 2 * pairs * pairColumns, ldc: n + 3, ldfrom: n + 1}
	size := (m-1)*s.ai + 2*pairs
	if m%2 == 0 { // as packed strips lie
		s.ai, s.ak, s.high = 2, 2*((m+1)/2), (m+1)/2
		s.strip = pairs * s.ak
		size = 2 * s.strip
	}
	s.a, s.b = words(size), words((n+pairColumns-1)/pairColumns*s.panel)
	if half {
		s.half = a.halves((m-1)*s.ldc + n)
	} else {
		s.c = a.floats((m-1)*s.ldc + n)
	}
	if from {
		s.from = a.floats((m-1)*s.ldfrom + n)
		for i := range s.from {
			s.from[i] = pairValue(a.rng, kind)
		}
	}
	return s
}

func checkPairProduct(a *arena) { checkPairs(a, cpu.pairProduct, pairProductGo, 1) }
func checkStepProduct(a *arena) { checkPairs(a, cpu.stepProduct, stepProductGo, stepPairs) }

// checkPairs demands the reference's bits: those of a class.
func checkPairs(a *arena, panel, plain func(s pairShare), unit int) {
	for i, c := range [][3]int{{1, 1, 1}, {1, 32, 5}, {2, 31, 3}, {3, 16, 2}, {4, 17, 4}, {7, 32, 1}, {12, 15, 2}, {13, 32, 9}, {31, 8, 3},
		{7, 35, 130}, {9, 48, 130}} { // more than a panel
		for kind := range 5 {
			a.start(uint64(10*i+kind), (i+kind)%2 == 1)
			s := pairOperands(a, c[0], c[1], (c[2]+unit-1)/unit*unit, kind, i%3 == 1, i%3 != 1 && kind%2 == 0)
			want := s
			if s.half != nil {
				want.half = append([]uint16(nil), s.half...)
			} else {
				want.c = append([]float32(nil), s.c...)
			}
			plain(want)
			panel(s)
			a.intact()
			samePairs(a, s, want)
		}
	}
}

// samePairs demands the same results.
func samePairs(a *arena, got, want pairShare) {
	for j := range got.c {
		if !sameBits(got.c[j], want.c[j]) {
			a.t.Fatalf("%d by %d, %d pairs: sum %d is %g (%#x), want %g (%#x)", got.m, got.n, got.pairs, j, got.c[j], math.Float32bits(got.c[j]), want.c[j], math.Float32bits(want.c[j]))
		}
	}
	for j := range got.half {
		if !sameBits(widenBF16(got.half[j]), widenBF16(want.half[j])) {
			a.t.Fatalf("%d by %d, %d pairs: result %d is %#x, want %#x", got.m, got.n, got.pairs, j, got.half[j], want.half[j])
		}
	}
}

func checkPackPairs(a *arena) {
	for steps := 1; steps < 4; steps++ {
		for name, c := range map[string]struct {
			f, plain    func(dst, src []uint16, ld, steps int)
			rows, width int
		}{
			"rows":    {cpu.packPairRows, packPairRowsGo, 32 * steps, pairColumns},
			"columns": {cpu.packPairColumns, packPairColumnsGo, pairColumns, 32 * steps},
		} {
			a.start(uint64(steps), steps%2 == 1)
			ld := c.width + steps - 1
			src, dst := a.bf16((c.rows-1)*ld+c.width, 1), a.halves(32*steps*pairColumns)
			want := make([]uint16, len(dst))
			c.plain(want, src, ld, steps)
			c.f(dst, src, ld, steps)
			a.intact()
			for i := range dst {
				if dst[i] != want[i] {
					a.t.Fatalf("%s, %d steps: element %d is %#x, want %#x", name, steps, i, dst[i], want[i])
				}
			}
		}
	}
}

// TestPairPanel_IsTheProcessorsInstruction compares VDPBF16PS with the class's rule: one pair of terms a sum.
func TestPairPanel_IsTheProcessorsInstruction(t *testing.T) {
	l := levels[len(levels)-1]
	if l.name != "avx512bf16" || !l.supported() {
		t.Skip("this processor does not multiply pairs of bf16")
	}
	defer setLevel(l)()
	n := 2_000
	if os.Getenv("SLM_TEST_ALL") != "" {
		n = 1_000_000
	}
	r := rand.New(rand.NewPCG(18, 1))
	a, b, from, got := make([]uint16, 2), make([]uint16, 2*pairColumns), make([]float32, pairColumns), make([]float32, pairColumns)
	for i := range n {
		kind := i % 5
		a[0], a[1] = pairWord(r, kind), pairWord(r, kind)
		for j := range from {
			b[2*j], b[2*j+1], from[j] = pairWord(r, kind), pairWord(r, kind), pairValue(r, kind)
		}
		cpu.pairProduct(pairShare{c: got, from: from, a: a, b: b, m: 1, n: pairColumns, pairs: 1, ai: 2, ak: 2, high: 1, ldc: pairColumns, ldfrom: pairColumns})
		for j, v := range got {
			if want := pairStep(a[0], a[1], b[2*j], b[2*j+1], from[j]); !sameBits(v, want) {
				t.Fatalf("%#x·%#x + %#x·%#x + %g is %g, want %g", a[0], b[2*j], a[1], b[2*j+1], from[j], v, want)
			}
		}
	}
}

// TestStepPanel_IsTheTilesProduct compares AMX with the rule of class bf16-tile. No machine has run it yet: until one has, the class is the manual's word.
func TestStepPanel_IsTheTilesProduct(t *testing.T) {
	be, err := openAMX()
	if err != nil {
		t.Skip(err)
	}
	rounds := 200
	if os.Getenv("SLM_TEST_ALL") != "" {
		rounds = 1_000_000 // of 1024 sums of 32 terms
	}
	const side = pairColumns
	r := rand.New(rand.NewPCG(19, 1))
	a, b, from, got := make([]uint16, side*side), make([]uint16, side*side), make([]float32, side*side), make([]float32, side*side)
	panels := pairPanels{order: stepByStep}
	for i := range rounds {
		kind := i % 5
		for j := range a {
			a[j], b[j], from[j] = pairWord(r, kind), pairWord(r, kind), pairValue(r, kind)
		}
		copy(got, from)
		be.Gemm16(Shape{M: side, N: side, K: side, LDA: side, LDB: side, LDC: side, Accumulate: true}, got, a, b)
		panels.take(b, side, side, side, false)
		stepPanelGo(pairShare{c: from, from: from, a: a, b: panels.data, m: side, n: side, pairs: stepPairs, ai: side, ak: 2, ldc: side, ldfrom: side})
		for j, want := range from {
			if !sameBits(got[j], want) {
				t.Fatalf("round %d, kind %d: sum %d is %g (%#x), want %g (%#x)", i, kind, j, got[j], math.Float32bits(got[j]), want, math.Float32bits(want))
			}
		}
	}
}
