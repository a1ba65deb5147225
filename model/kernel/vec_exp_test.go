package kernel

import (
	"math"
	"slices"
	"testing"
)

// expError is the stated relative error of e^arg when arg was rounded to float32.
func expError(arg float64) float64 { return 3e-7 + math.Abs(arg)*0x1p-24 }

const tiny = 0x1p-149 // spacing of float32 denormals

var expChecks = []vectorCheck{
	{"ExpShift", func(a *arena, n int) {
		x, dst := a.normal(n, 40), a.floats(n)
		if n > 2 {
			x[0], x[n/2], x[n-1] = float32(math.Inf(-1)), float32(math.NaN()), float32(math.Inf(1))
		}
		const scale, shift = 0.7, -3.25
		ExpShift(dst, x, scale, shift)
		for i, v := range x {
			arg := float64(float32(scale))*float64(v) - shift
			want := math.Exp(arg)
			if want > math.MaxFloat32*(1+expError(arg)) {
				want = math.Inf(1)
			}
			near(a.t, "ExpShift", i, dst[i], want, expError(arg), tiny)
		}
	}},
	{"SoftmaxRow", func(a *arena, n int) { checkSoftmax(a, a.normal(n, 6), 0.31) }},
	{"SoftmaxRow negative scale", func(a *arena, n int) { checkSoftmax(a, a.normal(n, 6), -1) }},
	{"SoftmaxRow masked", func(a *arena, n int) {
		x := a.normal(n, 6)
		for i := range x {
			if a.rng.IntN(2) == 0 {
				x[i] = float32(math.Inf(-1))
			}
		}
		checkSoftmax(a, x, 1)
	}},
	{"SoftmaxRow of nothing but masked", func(a *arena, n int) {
		x := a.floats(n)
		for i := range x {
			x[i] = float32(math.Inf(-1))
		}
		if lse := SoftmaxRow(x, 0.5); !math.IsInf(float64(lse), -1) || MaxAbs(x) != 0 {
			a.t.Fatalf("lse %g, largest probability %g", lse, MaxAbs(x))
		}
	}},
	{"SoftmaxRow with NaN", func(a *arena, n int) {
		x := a.normal(n, 1)
		if n > 0 {
			x[n/3] = float32(math.NaN())
			if lse := SoftmaxRow(x, 1); lse == lse || x[n-1] == x[n-1] {
				a.t.Fatalf("NaN was lost: lse %g, last probability %g", lse, x[n-1])
			}
		}
	}},
	{"SoftmaxGradRow", func(a *arena, n int) {
		p, dp, ds := a.normal(n, 1), a.normal(n, 1), a.floats(n)
		SoftmaxGradRow(ds, p, dp, 0.25, 0.125)
		for i := range ds {
			near(a.t, "SoftmaxGradRow", i, ds[i], float64(p[i])*(float64(dp[i])-0.25)*0.125, 2e-7, 1e-37)
		}
	}},
	{"LogSumExp", func(a *arena, n int) {
		x := a.normal(n, 10)
		want, scale := logSumExp64(x, 1)
		near(a.t, "LogSumExp", n, LogSumExp(x), want, 0, 1e-6*(1+scale))
	}},
	{"ExpShares", func(a *arena, n int) {
		x, dst := a.normal(n, 5), a.floats(n)
		before, want := append([]float32(nil), x...), 0.0
		m, sum := ExpShares(dst, x)
		for i, v := range before {
			arg := float64(v) - float64(m)
			want += math.Exp(arg)
			near(a.t, "ExpShares", i, dst[i], math.Exp(arg), expError(arg)+6e-8, tiny)
		}
		if n > 0 && (m != slices.Max(before) || math.Abs(float64(sum)-want) > 1e-6*want) {
			a.t.Fatalf("ExpShares of %d: maximum %g, sum %g, want %g", n, m, sum, want)
		}
	}},
	{"ArgMax", func(a *arena, n int) {
		x := a.floats(n)
		for i := range x { // few values, so that several elements are the maximum
			x[i] = float32(a.rng.IntN(6) - 7)
			if x[i] == -7 {
				x[i] = float32(math.NaN())
			}
		}
		want := -1
		for i, v := range x {
			if v == v && (want < 0 || v > x[want]) {
				want = i
			}
		}
		if want < 0 && n > 0 {
			want = 0
		}
		if got := ArgMax(x); got != want {
			a.t.Fatalf("ArgMax of %d values is %d, want %d", n, got, want)
		}
	}},
	{"ArgMax of nothing but -Inf and NaN", func(a *arena, n int) {
		x := a.floats(n)
		for i := range x {
			x[i] = float32(math.NaN())
		}
		want := min(n, 1) - 1
		if n > 3 {
			x[n-2], want = float32(math.Inf(-1)), n-2
		}
		if got := ArgMax(x); got != want {
			a.t.Fatalf("ArgMax of %d values is %d, want %d", n, got, want)
		}
	}},
}

func checkSoftmax(a *arena, x []float32, scale float32) {
	before := append([]float32(nil), x...)
	lse := SoftmaxRow(x, scale)
	want, size := logSumExp64(before, float64(scale))
	near(a.t, "log-sum-exp", len(x), lse, want, 0, 1e-6*(1+size))
	for i, v := range before {
		arg := float64(scale)*float64(v) - want
		if math.IsInf(want, -1) {
			arg = want
		}
		near(a.t, "SoftmaxRow", i, x[i], math.Exp(arg), 1e-6+size*0x1p-23, tiny)
	}
}

// logSumExp64 returns as well the largest |scale·x| that counts, which bounds the rounding of the maximum.
func logSumExp64(x []float32, scale float64) (lse, size float64) {
	m := math.Inf(-1)
	for _, v := range x {
		m = math.Max(m, scale*float64(v))
	}
	if math.IsInf(m, -1) {
		return m, 0
	}
	var sum float64
	for _, v := range x {
		sum += math.Exp(scale*float64(v) - m)
		if !math.IsInf(float64(v), 0) {
			size = math.Max(size, math.Abs(scale*float64(v)))
		}
	}
	return m + math.Log(sum), size
}

// TestExp_IsAccurateOverItsWholeRange walks the range of arguments: overflow, denormal results and all between.
func TestExp_IsAccurateOverItsWholeRange(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		const n = 1 << 16
		x, dst := make([]float32, n), make([]float32, n)
		for i := range x {
			x[i] = -110 + 205*float32(i)/n
		}
		ExpShift(dst, x, 1, 0)
		var worst float64
		for i, v := range x {
			want := math.Exp(float64(v))
			if want >= math.MaxFloat32 {
				near(t, "exp", i, dst[i], math.Inf(1), 0, 0)
				continue
			}
			near(t, "exp", i, dst[i], want, 2e-7, tiny)
			if want > 0x1p-126 {
				worst = max(worst, math.Abs(float64(dst[i])-want)/want)
			}
		}
		t.Logf("largest relative error %.3g", worst)
	})
}
