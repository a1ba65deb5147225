package kernel

import "math"

// FromHalf widens an IEEE 754 half; every half is a float32 exactly.
func FromHalf(h uint16) float32 {
	sign, exponent, fraction := uint32(h>>15)<<31, uint32(h>>10)&31, uint32(h)&1023
	switch exponent {
	case 31: // infinity or NaN
		return math.Float32frombits(sign | 0xff<<23 | fraction<<13)
	case 0: // zero or subnormal: fraction · 2^-24
		return math.Float32frombits(sign | math.Float32bits(float32(fraction)*(1.0/(1<<24))))
	}
	return math.Float32frombits(sign | (exponent+127-15)<<23 | fraction<<13)
}
