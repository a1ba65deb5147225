package kernel

import (
	"math"
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
	{"ScaleBF16", func(a *arena, n int) {
		x := a.bf16(n, 3)
		before := append([]uint16(nil), x...)
		ScaleBF16(x, 0.3)
		for i, v := range before {
			if want := nearestBF16(widenBF16(v) * 0.3); x[i] != want {
				a.t.Fatalf("bf16 %04x times 0.3 is %04x, want %04x", v, x[i], want)
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

func TestRoundBF16_IsTheNearestAndNeverMinusZero(t *testing.T) {
	x := make([]float32, 3*roundNumbers/2)
	for i := range x {
		x[i] = float32(math.Sin(float64(i))) * float32(math.Pow(10, float64(i%60-45)))
	}
	copy(x, []float32{1 + 1.0/256, 1 + 3.0/256, -1e-44, float32(math.Copysign(0, -1)), float32(math.Inf(-1))}) // two ties, and what is too small
	want := make([]float32, len(x))
	for i, v := range x {
		want[i] = widenBF16(roundBF16(v)) + 0
	}
	if want[0] != 1 || want[1] != 1+4.0/256 {
		t.Fatal(want[:2])
	}
	RoundBF16(x)
	for i, v := range x {
		if math.Float32bits(v) != math.Float32bits(want[i]) {
			t.Errorf("number %d is %v, want %v", i, v, want[i])
		}
	}
}
