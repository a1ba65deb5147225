package kernel

import (
	"math"
	"testing"
)

func TestHalf_EveryOneWidensAsTheStandardSays(t *testing.T) {
	for h := range 1 << 16 {
		got := float64(FromHalf(uint16(h)))
		exponent, fraction := h>>10&31, float64(h&1023)
		want := math.Ldexp(1024+fraction, exponent-25)
		switch exponent {
		case 0:
			want = math.Ldexp(fraction, -24)
		case 31:
			want = math.Inf(1)
			if fraction != 0 {
				want = math.NaN()
			}
		}
		if h>>15 == 1 {
			want = -want
		}
		if got != want && !(math.IsNaN(got) && math.IsNaN(want)) || math.Signbit(got) != (h>>15 == 1) {
			t.Fatalf("%#04x: %v, want %v", h, got, want)
		}
	}
}

func TestHalf_NearestOneIsTakenAndTiesGoToEven(t *testing.T) {
	for h := range 0x7c00 { // of the non-negative finite ones, with the value above each and what lies between
		low, high := FromHalf(uint16(h)), float64(65536)
		if h+1 < 0x7c00 {
			high = float64(FromHalf(uint16(h + 1)))
		}
		mid := float32((float64(low) + high) / 2) // exact: half an ulp of a half is many of a float32's
		even := uint16(h + h&1)
		for v, want := range map[float32]uint16{low: uint16(h), mid: even, math.Nextafter32(mid, 0): uint16(h), math.Nextafter32(mid, 1e9): uint16(h + 1)} {
			if got := ToHalf(v); got != want {
				t.Fatalf("%g: %#04x, want %#04x", v, got, want)
			}
			if got := ToHalf(-v); got != want|0x8000 {
				t.Fatalf("%g: %#04x, want %#04x", -v, got, want|0x8000)
			}
		}
	}
	if nan := ToHalf(float32(math.NaN())); !math.IsNaN(float64(FromHalf(nan))) {
		t.Errorf("a NaN is %#04x", nan)
	}
}
