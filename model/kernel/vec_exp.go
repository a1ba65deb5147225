package kernel

import "math"

// exp(x) = 2^n · e^r with n = round(x·log₂e) and |r| ≤ ln2/2; ln2 is split in two so that n·ln2 loses nothing (Cody and Waite, 1980).
// The polynomial is a weighted minimax fit of (e^r−1−r)/r² of degree 4, whose error against e^r is 4e-9. Outside [expMin, expMax] the
// result is 0 or +Inf; denormal results are exact to half their spacing. The assembly uses the same constants.
const (
	expMin = -104.0
	expMax = 89.0
	log2e  = 1.44269504088896340736
	ln2Hi  = 0.693359375
	ln2Lo  = -2.12194440e-4
	expC2  = 0.4999999403953552
	expC3  = 0.1666652113199234
	expC4  = 0.04166838899254799
	expC5  = 0.008368710055947304
	expC6  = 0.0013814611593261361
)

// exp32 is e^x to about 1 unit in the last place, each step fused; NaN stays NaN.
func exp32(x float32) float32 {
	if x != x {
		return x
	}
	x = min(max(x, expMin), expMax)
	n := float32(math.RoundToEven(float64(x) * float64(float32(log2e))))
	r := fma32(n, -ln2Lo, fma32(n, -ln2Hi, x))
	p := float32(expC6)
	for _, c := range [6]float32{expC5, expC4, expC3, expC2, 1, 1} {
		p = fma32(p, r, c)
	}
	// 2^n in two halves: one alone would leave the exponent's range.
	h := int32(n) >> 1
	return p * pow2(h) * pow2(int32(n)-h)
}

func pow2(n int32) float32 { return math.Float32frombits(uint32(n+127) << 23) }

// ExpShift computes dst = exp(scale·x − shift), the probabilities again from a saved log-sum-exp. The relative error is 3e-7 plus
// half a unit in the last place of the exponent.
func ExpShift(dst, x []float32, scale, shift float32) {
	sameLen("ExpShift", len(dst), len(x))
	expAffine(dst, x, scale, shift, 1)
}

// expAffine computes dst = exp(scale·x − shift)·mul.
func expAffine(dst, x []float32, scale, shift, mul float32) {
	cpu.expAffine(dst, x, scale, shift, mul)
}

func expAffineGo(dst, x []float32, scale, shift, mul float32) {
	for i, v := range x {
		dst[i] = exp32(fma32(scale, v, -shift)) * mul
	}
}

// expStoreSum replaces x by exp(scale·x − shift) and returns the sum.
func expStoreSum(x []float32, scale, shift float32) float32 {
	return cpu.expStoreSum(x, scale, shift)
}

func expStoreSumGo(x []float32, scale, shift float32) float32 {
	for i, v := range x {
		x[i] = exp32(fma32(scale, v, -shift))
	}
	return sumGo(x)
}

// expSum is the sum of exp(x − shift).
func expSum(x []float32, shift float32) float32 {
	return cpu.expSum(x, shift)
}

func expSumGo(x []float32, shift float32) float32 {
	var acc [2]lanes
	return reduceLanes(acc[:], len(x),
		func(i int, sum float32) float32 { return sum + exp32(x[i]-shift) },
		func(sum float32) float32 { return sum + 0 })
}

// sumGo is Σ x in the order of two accumulators.
func sumGo(x []float32) float32 {
	var acc [2]lanes
	return reduceLanes(acc[:], len(x),
		func(i int, sum float32) float32 { return sum + x[i] },
		func(sum float32) float32 { return sum + 0 })
}
