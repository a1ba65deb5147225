package kernel

import (
	"math"
	"slices"
	"testing"
)

var bf16Checks = []vectorCheck{
	{"ToBF16", func(a *arena, n int) {
		x, dst := a.any(n), a.halves(n)
		ToBF16(dst, x)
		for i, v := range x {
			if want := nearestBF16(v); dst[i] != want {
				a.t.Fatalf("bf16 of %g (%08x) is %04x, want %04x", v, math.Float32bits(v), dst[i], want)
			}
		}
	}},
	{"FromBF16", func(a *arena, n int) {
		x, dst := a.halves(n), a.floats(n)
		for i := range x {
			x[i] = uint16(a.rng.Uint32())
		}
		FromBF16(dst, x)
		for i, v := range x {
			if got := math.Float32bits(dst[i]); got != uint32(v)<<16 {
				a.t.Fatalf("bf16 %04x widens to %08x", v, got)
			}
		}
	}},
}

// nearestBF16 looks at both neighbours and takes the nearer, the even one of two equally near.
func nearestBF16(v float32) uint16 {
	if v != v {
		return uint16(math.Float32bits(v)>>16) | 0x40
	}
	low := uint16(math.Float32bits(v) >> 16) // towards zero
	if math.IsInf(float64(v), 0) {
		return low
	}
	value := func(h uint16) float64 {
		if h&0x7f80 == 0x7f80 { // the step beyond the largest finite value would be here
			return math.Copysign(math.Ldexp(1, 128), float64(v))
		}
		return float64(math.Float32frombits(uint32(h) << 16))
	}
	down, up := math.Abs(float64(v)-value(low)), math.Abs(value(low+1)-float64(v))
	if up < down || (up == down && low%2 == 1) {
		return low + 1
	}
	return low
}

func transposeShapes() [][2]int {
	return [][2]int{{0, 0}, {0, 5}, {1, 1}, {1, 40}, {40, 1}, {15, 7}, {16, 8}, {16, 16}, {17, 9}, {32, 32}, {31, 33}, {48, 40}, {33, 71}}
}

func TestTransposesMoveEveryElementToItsPlace(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		a := newArena(t)
		for i, s := range transposeShapes() {
			checkTransposes(a, s[0], s[1], uint64(i))
		}
	})
}

func FuzzTransposes(f *testing.F) {
	f.Add(uint8(17), uint8(33), uint64(1))
	f.Fuzz(func(t *testing.T, rows, cols uint8, seed uint64) {
		a := newArena(t)
		for l := levelGeneric; l <= detectLevel(); l++ {
			restore := setLevel(l)
			checkTransposes(a, int(rows)%45, int(cols)%45, seed)
			restore()
		}
	})
}

func checkTransposes(a *arena, rows, cols int, seed uint64) {
	a.t.Helper()
	a.start(seed, seed%2 == 1)
	n := rows * cols
	// The arena's slots are small; larger matrices go without guards.
	x, flat := make([]float32, n), make([]uint16, n)
	got, fromFloat := make([]uint16, n), make([]uint16, n)
	if 4*n <= slotBytes {
		x, flat, got, fromFloat = a.floats(n), a.halves(n), a.halves(n), a.halves(n)
	}
	for i := range x {
		x[i] = a.finite()
	}
	ToBF16(flat, x)
	Transpose16(got, flat, rows, cols)
	ToBF16Transposed(fromFloat, x, rows, cols)
	a.intact()
	for r := range rows {
		for c := range cols {
			if got[c*rows+r] != flat[r*cols+c] {
				a.t.Fatalf("%d×%d: Transpose16 puts %04x at (%d,%d), want %04x", rows, cols, got[c*rows+r], c, r, flat[r*cols+c])
			}
		}
	}
	if !slices.Equal(got, fromFloat) {
		a.t.Fatalf("%d×%d: ToBF16Transposed differs from ToBF16 and Transpose16", rows, cols)
	}
}
