package kernel

import (
	"math"

	"slm/internal/elementary"
)

// SoftmaxRow replaces x by softmax(scale·x) and returns log Σ exp(scale·x). Elements at −Inf (masked) get probability 0; a row with
// nothing else becomes zeros with −Inf returned. NaN spreads over the row.
// The relative error is that of ExpShift, with the largest |scale·x| as the exponent.
func SoftmaxRow(x []float32, scale float32) (lse float32) {
	m, sum := softmax(x, scale)
	if sum == 0 {
		return m
	}
	return float32(float64(m) + elementary.Log(float64(sum)))
}

// softmax is SoftmaxRow that returns the largest scale·x and Σ exp(scale·x − m), 0 for a row that is masked.
func softmax(x []float32, scale float32) (m, sum float32) {
	m = scaledMax(x, scale)
	if math.IsInf(float64(m), -1) && !anyNaN(x) {
		clear(x)
		return m, 0
	}
	sum = expStoreSum(x, scale, m)
	Scale(x, 1/sum)
	return m, sum
}

// scaledMax is the maximum of scale·x without NaN, −Inf when there is none: what to subtract before exponentials.
func scaledMax(x []float32, scale float32) float32 {
	return cpu.scaledMax(x, scale) + 0 // a zero of either sign is +0
}

func scaledMaxGo(x []float32, scale float32) float32 {
	m := float32(math.Inf(-1))
	for _, v := range x {
		if v *= scale; v > m {
			m = v
		}
	}
	return m
}

// anyNaN is only asked for rows without a finite element.
func anyNaN(x []float32) bool {
	for _, v := range x {
		if v != v {
			return true
		}
	}
	return false
}

// SoftmaxGradRow computes ds = p·(dp − dsum)·scale: the gradient before the softmax from the one behind it, with dsum = Σ p·dp.
func SoftmaxGradRow(ds, p, dp []float32, dsum, scale float32) {
	sameLen("SoftmaxGradRow", len(ds), len(p), len(dp))
	cpu.softmaxGrad(ds, p, dp, dsum, scale)
}

func softmaxGradGo(ds, p, dp []float32, dsum, scale float32) {
	for i := range ds {
		ds[i] = p[i] * (dp[i] - dsum) * scale
	}
}

// ExpShares stores exp(x − m) with m = max x in dst, and returns m and the sum; x is used up. Shares of several parts of a row become
// probabilities when each part is multiplied by exp(m − lse).
func ExpShares[T Elem](dst []T, x []float32) (m, sum float32) {
	sameLen("ExpShares", len(dst), len(x))
	m = scaledMax(x, 1)
	sum = expStoreSum(x, 1, m)
	Convert(dst, x)
	return m, sum
}

// ScaleElems multiplies x by a.
func ScaleElems[T Elem](x []T, a float32) {
	switch x := any(x).(type) {
	case []float32:
		Scale(x, a)
	case []uint16:
		ScaleBF16(x, a)
	}
}

// LogSumExp is log Σ exp(x), −Inf for an empty slice.
func LogSumExp(x []float32) float32 {
	m := scaledMax(x, 1)
	if math.IsInf(float64(m), -1) && !anyNaN(x) {
		return m
	}
	return float32(float64(m) + elementary.Log(float64(expSum(x, m))))
}

// ArgMax is the index of the first maximum, −1 for an empty slice. NaN never wins, unless there is nothing else: then 0.
func ArgMax(x []float32) int {
	if len(x) == 0 {
		return -1
	}
	return cpu.argMax(x)
}

func argMaxGo(x []float32) int {
	best, m := 0, float32(math.Inf(-1))
	for i, v := range x {
		if v > m || (v == m && x[best] != x[best]) {
			best, m = i, v
		}
	}
	return best
}
