package kernel

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func random8(rng *rand.Rand, n int, sd float64) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(rng.NormFloat64() * sd)
	}
	return x
}

// product8 runs a whole product by one of the ways.
func product8(w *Weights8, x *Rows8, m int, way func(*Weights8, share8), y []float32, accumulate bool) {
	way(w, share8{y: y, x: x, m: m, ldy: w.n, to: w.n, accumulate: accumulate})
}

// check8 compares every way with the definition in float64 and with the reference, bit by bit.
func check8(t testing.TB, m, n, k int, seed uint64) {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 2))
	master, left, before := random8(rng, n*k, 0.1), random8(rng, m*k, 2), random8(rng, m*n, 1)
	w, err := NewWeights8(master, n, k)
	if err != nil {
		t.Fatal(err)
	}
	var x Rows8
	x.Fit(m, k)
	for i := range m {
		x.Set(i, left[i*k:(i+1)*k])
	}
	for _, accumulate := range []bool{false, true} {
		want := slices.Clone(before)
		product8(w, &x, m, linear8Go, want, accumulate)
		for i := range m {
			for j := range n {
				sum, size := 0.0, 0.0
				for p := range k {
					a, b := float64(left[i*k+p]), float64(master[j*k+p])
					sum += a * b
					size += math.Abs(a)*float64(w.scale[j]) + math.Abs(b)*float64(x.scale[i])
				}
				if accumulate {
					sum += float64(before[i*n+j])
				}
				// Each operand is off by half a unit at most; large sums are rounded.
				if got := float64(want[i*n+j]); math.Abs(got-sum) > 0.51*size+2e-5 || math.IsNaN(got) {
					t.Fatalf("%d×%d×%d: element %d,%d is %g, want %g ± %g", m, n, k, i, j, got, sum, 0.5*size)
				}
			}
		}
		ways := map[string]func(*Weights8, share8){"Linear8": func(w *Weights8, s share8) {
			Linear8(w, s.y, s.x, s.row, s.m, s.ldy, s.from, s.to, s.accumulate)
		}}
		maps.Copy(ways, ways8())
		for name, way := range ways {
			got := slices.Clone(before)
			product8(w, &x, m, way, got, accumulate)
			for i := range got {
				if math.Float32bits(got[i]) != math.Float32bits(want[i]) {
					t.Fatalf("%s %d×%d×%d: element %d is %g, the reference has %g", name, m, n, k, i, got[i], want[i])
				}
			}
		}
	}
}

func checkLinear8(a *arena) {
	for i, s := range [][3]int{
		{1, 1, 1}, {1, 64, 64}, {2, 65, 3}, {3, 63, 65}, {4, 128, 128}, {5, 33, 64}, {7, 31, 200}, {15, 97, 63}, {16, 96, 64}, {17, 64, 130},
		{31, 70, 64}, {32, 32, 192}, {33, 129, 61}, {49, 40, 300}, {64, 200, 576},
	} {
		check8(a.t, s[0], s[1], s[2], uint64(i))
	}
}

func FuzzLinear8_EqualsItsReference(f *testing.F) {
	f.Add(uint8(1), uint8(1), uint16(1), uint64(1))
	f.Add(uint8(33), uint8(65), uint16(129), uint64(2))
	f.Fuzz(func(t *testing.T, m, n uint8, k uint16, seed uint64) {
		for _, l := range present() {
			restore := setLevel(l)
			check8(t, int(m)%70+1, int(n)%140+1, int(k)%400+1, seed)
			restore()
		}
	})
}

// The largest terms of the greatest depth still add up to a whole number that fits.
func TestInt8_SumsDoNotOverflow(t *testing.T) {
	k := maxTerms8
	ones := make([]float32, 2*k)
	for i := range ones {
		ones[i] = 1
		if i >= k {
			ones[i] = -1
		}
	}
	w, err := NewWeights8(ones, 2, k)
	if err != nil {
		t.Fatal(err)
	}
	eachLevel(t, func(t *testing.T) {
		const rows = 9
		var x Rows8
		x.Fit(rows, k)
		for i := range rows {
			x.Set(i, ones[:k])
		}
		y := make([]float32, 2*rows)
		Linear8(w, y, &x, 0, rows, 2, 0, 2, false)
		for i, v := range y {
			if want := float64(k) * float64(1-i%2*2); math.Abs(float64(v)-want) > 0.01 {
				t.Fatalf("element %d is %g, want %g", i, v, want)
			}
		}
	})
	if _, err := NewWeights8(make([]float32, k+1), 1, k+1); err == nil {
		t.Fatal("a depth that could overflow was taken")
	}
}

// Around the depth from which sums of whole values no longer fit into 32 bits, the largest terms add up as in the reference.
func TestInt8_LargestSumsOfWordsHaveTheBitsOfTheReference(t *testing.T) {
	const rows = 9
	for k := smallSum/most8 - 1; k <= smallSum/most8+1; k++ {
		ones := make([]float32, 2*k)
		for i := range ones {
			ones[i] = float32(1 - i/k*2)
		}
		w, err := NewWeights8(ones, 2, k)
		if err != nil {
			t.Fatal(err)
		}
		if w.small != (k*most8 <= smallSum) {
			t.Errorf("%d terms: small is %t", k, w.small)
		}
		var x Rows8
		x.Fit(rows, k)
		for i := range rows {
			x.Set(i, ones[:k])
		}
		want := make([]float32, 2*rows)
		product8(w, &x, rows, linear8Go, want, false)
		for name, way := range ways8() {
			got := make([]float32, len(want))
			product8(w, &x, rows, way, got, false)
			if !slices.Equal(got, want) {
				t.Errorf("%s, %d terms: %v, the reference has %v", name, k, got, want)
			}
		}
	}
}

// checkQuantise compares scales and bytes of values that are zero, denormal, as large as any, or not finite.
func checkQuantise(a *arena) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	for _, c := range []struct {
		x    []float32
		want float32
	}{
		{[]float32{0, 0}, 0}, {[]float32{nan, nan}, nan}, {[]float32{1, -inf}, nan}, {[]float32{127, -127, 0.5, 1.5}, 1},
		{[]float32{math.SmallestNonzeroFloat32, 0}, 0}, {[]float32{math.MaxFloat32, 1}, math.MaxFloat32 / 127},
	} {
		upper, lower := make([]byte, len(c.x)), make([]byte, len(c.x))
		got := quantiseRow(upper, lower, c.x, most8)
		if math.Float32bits(got) != math.Float32bits(c.want) && got == got {
			a.t.Fatalf("%v: scale %g, want %g", c.x, got, c.want)
		}
		if math.IsNaN(float64(c.want)) != math.IsNaN(float64(got)) {
			a.t.Fatalf("%v: scale %g, want %g", c.x, got, c.want)
		}
	}
	upper, lower := make([]byte, 5), make([]byte, 5)
	quantiseRow(upper, lower, []float32{127, -127, 0.5, 1.5, -2.5}, most8)
	if want := []byte{255, 1, 128, 130, 126}; !slices.Equal(lower, want) {
		a.t.Fatalf("%v, want %v", lower, want)
	}
	x := []float32{most16, -most16, 255, -129, float32(math.NaN())}
	quantiseRow(upper, lower, x, most16)
	for i, v := range x {
		want := v
		if v != v {
			want = 0
		}
		if got := 256*(float32(upper[i])-128) + float32(lower[i]) - 128; got != want {
			a.t.Fatalf("%g came back as %g", v, got)
		}
	}
}

// checkQuantiseRows compares the bytes of rows of many lengths with those of the reference.
func checkQuantiseRows(a *arena) {
	rng := rand.New(rand.NewPCG(3, 4))
	for n := 1; n <= 130; n += 1 + n/31*30 {
		x := random8(rng, n, 3)
		x[n/2], x[n-1] = float32(math.NaN()), -0.5*x[0]
		upper, lower, wantUpper, wantLower := make([]byte, n), make([]byte, n), make([]byte, n), make([]byte, n)
		inverse := most16 / MaxAbs(x[:n/2+1])
		cpu.quantise(upper, lower, x, inverse/8)
		quantiseGo(wantUpper, wantLower, x, inverse/8)
		if !slices.Equal(upper, wantUpper) || !slices.Equal(lower, wantLower) {
			a.t.Fatalf("%d values: %v and %v, the reference has %v and %v", n, upper, lower, wantUpper, wantLower)
		}
	}
}

func BenchmarkLinear8(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, s := range [][3]int{{1, 1536, 576}, {1, 32768, 2048}, {2, 32768, 2048}, {4, 1536, 576}, {16, 1536, 576}, {32, 1536, 576}, {128, 1536, 576}, {256, 576, 1536}} {
		m, n, k := s[0], s[1], s[2]
		w, err := NewWeights8(random8(rng, n*k, 1), n, k)
		if err != nil {
			b.Fatal(err)
		}
		var x Rows8
		x.Fit(m, k)
		row := random8(rng, k, 1)
		for i := range m {
			x.Set(i, row)
		}
		y := make([]float32, m*n)
		b.Run(fmt.Sprintf("%dx%dx%d", m, n, k), func(b *testing.B) {
			for b.Loop() {
				Linear8(w, y, &x, 0, m, n, 0, n, false)
			}
			b.ReportMetric(2*float64(m*n*k)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GOP/s")
		})
	}
}
