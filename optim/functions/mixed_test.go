package functions

import (
	"math"
	"testing"

	"slm/rng"
)

func TestMixed_MaximumIsReachedAndNeverPassed(t *testing.T) {
	tops := map[string][]float64{"func2c": {1, 0.5, 0.4, -0.6}, "wordings": {2*12.0/19 - 1, 0.5, 1, 0, 0.7}}
	for _, f := range AllMixed {
		if got := f.At(tops[f.Name]); math.Abs(got-f.Max) > 1e-12 {
			t.Errorf("%s is %v at its top, not %v", f.Name, got, f.Max)
		}
		draw := rng.New(1, f.Name)
		for range 20000 {
			z := make([]float64, len(f.Dims))
			for j, d := range f.Dims {
				if z[j] = 2*draw.Float64() - 1; d.Levels > 0 {
					z[j] = 2*float64(draw.IntN(d.Levels))/float64(d.Levels-1) - 1
				}
			}
			if got := f.At(z); got > f.Max+1e-12 {
				t.Fatalf("%s is %v at %v, above its top", f.Name, got, z)
			}
		}
	}
}
