package functions

import (
	"math"
	"testing"

	"slm/rng"
)

// Where the maxima are known, the functions must have them there, and nowhere a larger value or one below the floor.
func TestFunction_KnownMaximaAreTheLargestValues(t *testing.T) {
	tops := map[string][]float64{
		"branin":    {math.Pi/7.5 - 1 + 5/7.5, 2.275/7.5 - 1},
		"hartmann6": {2*0.20169 - 1, 2*0.150011 - 1, 2*0.476874 - 1, 2*0.275332 - 1, 2*0.311652 - 1, 2*0.6573 - 1},
		"ackley10":  make([]float64, 10),
	}
	for i := range tops["ackley10"] {
		tops["ackley10"][i] = -1.0 / 3
	}
	tops["branin10"] = make([]float64, 10)
	tops["branin10"][2], tops["branin10"][7] = tops["branin"][0], tops["branin"][1]
	for _, f := range All {
		if got := f.At(tops[f.Name]); math.Abs(got-f.Max) > 1e-5 {
			t.Errorf("%s: %v at its maximum, want %v", f.Name, got, f.Max)
		}
		if got := f.Share(tops[f.Name]); math.Abs(got-0.9) > 1e-5 {
			t.Errorf("%s: share %v at its maximum", f.Name, got)
		}
		s, z := rng.New(1, f.Name), make([]float64, f.Dim)
		for range 20000 {
			for j := range z {
				z[j] = 2*s.Float64() - 1
				if s.IntN(4) == 0 {
					z[j] = math.Copysign(1, z[j]) // sides and corners too
				}
			}
			if v := f.At(z); !(v <= f.Max && v >= f.Floor) {
				t.Fatalf("%s: %v at %v is outside [%v,%v]", f.Name, v, z, f.Floor, f.Max)
			}
		}
	}
}

func TestRight_CountsTheShareAndTossesEqualCoins(t *testing.T) {
	z := []float64{0.3, -0.2}
	const n = 40000
	right := Branin.Right(z, n, rng.New(2))
	if got, want := float64(right)/n, Branin.Share(z); math.Abs(got-want) > 0.01 {
		t.Errorf("%v right, the chance is %v", got, want)
	}
	if again := Branin.Right(z, n, rng.New(2)); again != right {
		t.Errorf("%d right, then %d", right, again)
	}
}
