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

// ToHalf is the IEEE 754 half nearest to v, of two the one with an even fraction. What is too large becomes infinite; a NaN stays one.
func ToHalf(v float32) uint16 {
	bits := math.Float32bits(v)
	sign, abs := uint16(bits>>16)&0x8000, bits&0x7fffffff
	switch {
	case abs > 0x7f800000:
		return sign | 0x7e00
	case abs >= 0x47800000: // 65536
		return sign | 0x7c00
	case abs < 0x38800000: // below the smallest normal half, 2^-14: the sum's last bits are the half, rounded by the addition
		sum := math.Float32frombits(abs) + 0.5
		return sign | uint16(math.Float32bits(sum)-math.Float32bits(0.5))
	}
	odd := abs >> 13 & 1
	return sign | uint16((abs+0xfff+odd)>>13-(127-15)<<10) // a carry out of the fraction raises the exponent, at the end to infinity
}
