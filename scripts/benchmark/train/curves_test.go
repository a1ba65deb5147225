package train

import (
	"errors"
	"io"
	"math"
	"testing"
)

func TestNewCurve_CurvesAreJudgedAtEachStepInF32AndAtTheEndInBF16(t *testing.T) {
	flat := func(change map[int]float64) []float64 {
		losses := make([]float64, 100)
		for i := range losses {
			losses[i] = 2
		}
		for i, v := range change {
			losses[i] = v
		}
		return losses
	}
	for name, c := range map[string]struct {
		ours []float64
		f32  bool
		bf16 bool
	}{
		"equal":                    {flat(nil), true, true},
		"near":                     {flat(map[int]float64{7: 2.001}), true, true},
		"apart at one early step":  {flat(map[int]float64{7: 2.01}), false, true},
		"apart in the last twenty": {flat(map[int]float64{80: 3, 99: 3}), false, false},
		"NaN":                      {flat(map[int]float64{7: math.NaN()}), false, true},
		"NaN at the end":           {flat(map[int]float64{99: math.NaN()}), false, false},
	} {
		for precision, want := range map[string]bool{"f32": c.f32, "bf16": c.bf16} {
			got := newCurve(c.ours, flat(nil), precision)
			if got.Same != want {
				t.Errorf("%s, %s: the same %v: %v", name, precision, got.Same, got)
			}
			if err := showCurves([]curve{got}, "text", io.Discard); errors.Is(err, errCurves) == want {
				t.Errorf("%s, %s: %v", name, precision, err)
			}
		}
	}
}
