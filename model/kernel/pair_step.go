package kernel

import "math"

// The steps of class bf16-pair, as VDPBF16PS does them and everything else must. A product of two bf16 has 16 significant bits, so float64 holds it
// exactly; only its sum with c is rounded.

// pairStep is c plus a pair of terms, the odd one first: fma(a0, b0, fma(a1, b1, c)).
func pairStep(a0, a1, b0, b1 uint16, c float32) float32 {
	return fusedStep(widenBF16(a0), widenBF16(b0), fusedStep(widenBF16(a1), widenBF16(b1), c))
}

const (
	smallest = 0x1p-126 // of the normal numbers
	// vanishing is below what rounding to 24 bits makes normal.
	vanishing = smallest - 0x1p-151
)

// fusedStep is a·b + c in one rounding to nearest even, for a and b of at most 24 significant bits together: subnormal operands count as zeros of
// their sign, and so does a result that is subnormal when it has been rounded to 24 bits (the MXCSR's DAZ and FTZ).
func fusedStep(a, b, c float32) float32 {
	sum := addToOdd(float64(float64(flushed(a))*float64(flushed(b))), float64(flushed(c)))
	if math.Abs(sum) < vanishing {
		return float32(math.Copysign(0, sum))
	}
	return float32(sum)
}

// addToOdd is x + y rounded to odd: an inexact sum ends in a set bit, so that rounding it once more to 24 bits gives what rounding x + y gives
// (Boldo and Melquiond 2008, "Emulation of a FMA and correctly rounded sums: proved algorithms using rounding to odd", theorem 1).
func addToOdd(x, y float64) float64 {
	sum := x + y
	back := sum - x
	lost := (x - (sum - back)) + (y - back) // exact (Knuth's two-sum)
	bits := math.Float64bits(sum)
	if lost == 0 || lost != lost || bits&1 == 1 { // lost is no number where sum is none
		return sum
	}
	if (lost > 0) == (sum > 0) {
		return math.Float64frombits(bits + 1)
	}
	return math.Float64frombits(bits - 1)
}

// flushed is x, or a zero of its sign if x is subnormal.
func flushed(x float32) float32 {
	if bits := math.Float32bits(x); bits&0x7f800000 == 0 {
		return math.Float32frombits(bits & 0x80000000)
	}
	return x
}
