package kernel

import "math"

// fma32 is a·b + c in one rounding to nearest even, as the processor's fused multiply-add gives it, for all values; the bits of a NaN alone are not
// defined. The product is exact in float64. Rounding the sum twice, to 53 bits and then to 24, goes wrong only where the first lands in the middle
// between two float32, which the slow path prevents (see addToOdd).
func fma32(a, b, c float32) float32 {
	p := float64(float64(a) * float64(b))
	sum := p + float64(c)
	bits := math.Float64bits(sum)
	if bits&0x1fffffff == 0x10000000 || bits<<1 < minNormal64<<1 {
		return float32(addToOdd(p, float64(c)))
	}
	return float32(sum)
}

// minNormal64 are the bits of 2⁻¹²⁶ in float64: below, a float32 keeps fewer than 24 bits.
const minNormal64 = (1023 - 126) << 52

// Reductions run over 16 lanes at a time: element i goes to lane i mod 16 of one of several accumulators, which take turns while whole rounds last;
// what is left, filled up with zeros, goes to the first. A level with narrower registers keeps a lane's order.
const sumLanes = 16

type lanes [sumLanes]float32

// reduceLanes adds up n values in that order: step adds the value of element i to a sum, and absent does so for a lane without an element.
func reduceLanes(acc []lanes, n int, step func(i int, sum float32) float32, absent func(sum float32) float32) float32 {
	i := 0
	for _, round := range []int{len(acc), 1} {
		for ; n-i >= round*sumLanes; i += round * sumLanes {
			for j := range round {
				for l := range sumLanes {
					acc[j][l] = step(i+j*sumLanes+l, acc[j][l])
				}
			}
		}
	}
	for l := 0; i < n && l < sumLanes; l++ {
		if i+l < n {
			acc[0][l] = step(i+l, acc[0][l])
		} else {
			acc[0][l] = absent(acc[0][l])
		}
	}
	return foldLanes(acc)
}

// foldLanes adds accumulators pairwise, and then the halves of the lanes that remain.
func foldLanes(acc []lanes) float32 {
	for half := len(acc) / 2; half > 0; half /= 2 {
		for j := range half {
			for l := range sumLanes {
				acc[j][l] += acc[j+half][l]
			}
		}
	}
	for half := sumLanes / 2; half > 0; half /= 2 {
		for l := range half {
			acc[0][l] += acc[0][l+half]
		}
	}
	return acc[0][0]
}
