package kernel

import (
	"math"
	"os"
	"strconv"
	"sync"
	"testing"

	"slm/internal/elementary"
)

// everyFunction are the functions of one float32 that classes share, with a float64 reference and the largest error in units in the last place that
// docs/numerics.md tells, where the result is normal and |x| ≤ within; 0 = none is told: a result is the difference of larger numbers.
var everyFunction = []struct {
	name      string
	of        func(o *ops, dst, x []float32)
	reference func(x float64) float64
	ulps      float64
	within    float64
}{
	{"exp", func(o *ops, dst, x []float32) { o.expAffine(dst, x, 1, 0, 1) }, elementary.Exp, 1, math.Inf(1)},
	{"x·σ(x)", func(o *ops, dst, x []float32) {
		ones := make([]float32, len(x))
		for i := range ones {
			ones[i] = 1
		}
		o.swiglu(dst, x, ones)
	}, func(x float64) float64 { return x / (1 + elementary.Exp(-x)) }, 3, 87},
	{"gelu", func(o *ops, dst, x []float32) { o.gelu(dst, x) }, func(x float64) float64 { return 0.5 * x * elementary.Erfc(-x/math.Sqrt2) }, 0, 0},
}

// step32 is the distance of the bit patterns that are tried: all 2³² of them with SLM_TEST_ALL=1, which takes about an hour of a core; SLM_TEST_STEP
// is another, best an odd one.
func step32(t *testing.T) uint64 {
	if text := os.Getenv("SLM_TEST_STEP"); text != "" {
		step, err := strconv.ParseUint(text, 10, 32)
		if err != nil || step == 0 {
			t.Fatalf("SLM_TEST_STEP=%q: %v", text, err)
		}
		return step
	}
	if os.Getenv("SLM_TEST_ALL") != "" {
		return 1
	}
	return 1<<16 + 1
}

// TestLevels_HaveTheBitsOfTheReferenceForEveryFloat32 computes the functions of one number for all bit patterns at all levels.
func TestLevels_HaveTheBitsOfTheReferenceForEveryFloat32(t *testing.T) {
	const part = 1 << 12
	step := step32(t)
	for _, f := range everyFunction {
		t.Run(f.name, func(t *testing.T) {
			var mu sync.Mutex
			most, at, off := 0.0, float32(0), 0.0
			Parallel(int((1<<32+part*step-1)/(part*step)), func(p int) {
				var x []float32
				for i := uint64(p) * part * step; i < min(uint64(p+1)*part*step, 1<<32); i += step {
					x = append(x, math.Float32frombits(uint32(i)))
				}
				want, got := make([]float32, len(x)), make([]float32, len(x))
				f.of(&generic.ops, want, x)
				for _, l := range present()[1:] {
					f.of(&l.ops, got, x)
					for i := range x {
						if math.Float32bits(got[i]) != math.Float32bits(want[i]) && (got[i] == got[i] || want[i] == want[i]) {
							t.Errorf("%s(%g) is %g on %s and %g in plain Go", f.name, x[i], got[i], l.name, want[i])
							return
						}
					}
				}
				high, where, far := 0.0, float32(0), 0.0
				for i, v := range x {
					right := f.reference(float64(v))
					if size := math.Abs(right); size >= 0x1p-126 && size < math.MaxFloat32 {
						unit := math.Ldexp(1, math.Ilogb(right)-23)
						if e := math.Abs(float64(want[i])-right) / unit; e > high && math.Abs(float64(v)) <= f.within {
							high, where = e, v
						}
						far = max(far, math.Abs(float64(want[i])-right)/max(1, size))
					}
				}
				mu.Lock()
				defer mu.Unlock()
				if high > most {
					most, at = high, where
				}
				off = max(off, far)
			})
			t.Logf("%-7s every %d. number: at most %.2f ulp, at %g, where |x| ≤ %g; %.2g everywhere, relative above 1", f.name, step, most, at, f.within, off)
			if most > f.ulps {
				t.Errorf("%s(%g) is %.2f ulp from its reference, more than %v", f.name, at, most, f.ulps)
			}
		})
	}
}
