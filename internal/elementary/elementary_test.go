package elementary

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
)

// sin is the first result of Sincos; the second is Cos.
func sin(x float64) float64 {
	s, _ := Sincos(x)
	return s
}

// A function with its reference, a range of arguments (of their logarithms, if even) and the largest error that docs/numerics.md tells.
var functions = []struct {
	name      string
	ours, std func(float64) float64
	reference func(float64) *big.Float
	low, high float64
	even      bool
	ulps      float64
}{
	{"Exp", Exp, math.Exp, func(x float64) *big.Float { return bigExp(num(x)) }, -708, 709, false, 0.7},
	{"Exp, subnormal", Exp, math.Exp, func(x float64) *big.Float { return bigExp(num(x)) }, -745, -708, false, 1},
	{"Expm1", Expm1, math.Expm1, func(x float64) *big.Float { return sub(bigExp(num(x)), num(1)) }, -40, 40, false, 1},
	{"Expm1, near 0", Expm1, math.Expm1, func(x float64) *big.Float { return sub(bigExp(num(x)), num(1)) }, 1e-20, 1, true, 1},
	{"Log", Log, math.Log, func(x float64) *big.Float { return bigLog(num(x)) }, 1e-300, 1e300, true, 0.9},
	{"Log, near 1", Log, math.Log, func(x float64) *big.Float { return bigLog(num(x)) }, 0.5, 2, false, 1},
	{"Log1p", Log1p, math.Log1p, func(x float64) *big.Float { return bigLog(add(num(1), num(x))) }, -0.999, 3, false, 1},
	{"Log1p, near 0", Log1p, math.Log1p, func(x float64) *big.Float { return bigLog(add(num(1), num(x))) }, 1e-20, 1e20, true, 1},
	{"Log2", Log2, math.Log2, func(x float64) *big.Float { return div(bigLog(num(x)), bigLn2()) }, 1e-3, 1e3, true, 2},
	{"Sin", sin, math.Sin, func(x float64) *big.Float { return bigSin(x, 0) }, -10, 10, false, 0.8},
	{"Sin, far", sin, math.Sin, func(x float64) *big.Float { return bigSin(x, 0) }, 1e-9, 1e9, true, 0.8},
	{"Cos", Cos, math.Cos, func(x float64) *big.Float { return bigSin(x, 1) }, -10, 10, false, 0.8},
	{"Cos, far", Cos, math.Cos, func(x float64) *big.Float { return bigSin(x, 1) }, 1e-9, 1e9, true, 0.8},
	{"Erfc", Erfc, math.Erfc, bigErfc, -6, 26, false, 5},
	{"Erfcx", Erfcx, nil, bigErfcx, 1e-3, 1e6, true, 5},
	{"Erfinv", Erfinv, math.Erfinv, bigErfinv, 0, 1, false, 10},
}

// values are random arguments of a function.
func values(low, high float64, even bool, n int) []float64 {
	r := rand.New(rand.NewPCG(1, uint64(n)))
	out := make([]float64, n)
	for i := range out {
		out[i] = low + (high-low)*r.Float64()
		if even {
			out[i] = math.Exp(math.Log(low) + (math.Log(high)-math.Log(low))*r.Float64())
		}
	}
	return out
}

// tries is how many arguments a function is compared at.
func tries() int {
	if os.Getenv("SLM_TEST_ALL") != "" {
		return 100_000
	}
	return 1000
}

func TestFunctions_ErrorsAreThoseOfTheTable(t *testing.T) {
	for _, f := range functions {
		most, at := 0.0, 0.0
		for _, x := range values(f.low, f.high, f.even, tries()) {
			if off := ulps(f.ours(x), f.reference(x)); !(off <= most) {
				most, at = off, x
			}
		}
		t.Logf("%-15s %.2f ulp", f.name, most)
		if !(most <= f.ulps) {
			t.Errorf("%s(%v) = %v is %.2f ulp from its reference, more than %v", f.name, at, f.ours(at), most, f.ulps)
		}
	}
}

func TestPow_ErrorIsThatOfTheTable(t *testing.T) {
	const limit = 0.7
	most := 0.0
	ys := values(-40, 40, false, tries())
	for i, x := range values(1e-7, 1e7, true, tries()) {
		if off := ulps(Pow(x, ys[i]), bigExp(mul(num(ys[i]), bigLog(num(x))))); !(off <= most) {
			if most = off; !(off <= limit) {
				t.Errorf("Pow(%v, %v) = %v is %.2f ulp from its reference", x, ys[i], Pow(x, ys[i]), off)
			}
		}
	}
	t.Logf("Pow %.2f ulp", most)
}

// TestPow_OfSmallWholeNumbersIsExact where the power is a float64.
func TestPow_OfSmallWholeNumbersIsExact(t *testing.T) {
	for x := 1.0; x <= 100; x++ {
		p := 1.0
		for y := 0.0; p < 1<<53; y++ {
			if got := Pow(x, y); got != p {
				t.Fatalf("Pow(%v, %v) = %v, want %v", x, y, got, p)
			}
			if p *= x; x == 1 && y > 9 {
				break
			}
		}
	}
}

// TestLgamma_ErrorIsThatOfTheTable takes the error relative to the value where that is above 1: between 1 and 3 it passes 0.
func TestLgamma_ErrorIsThatOfTheTable(t *testing.T) {
	most := 0.0
	for _, x := range values(1e-3, 1e6, true, tries()) {
		want := bigLgamma(x)
		value, _ := want.Float64()
		off, _ := sub(num(Lgamma(x)), want).Float64()
		most = max(most, math.Abs(off)/max(1, math.Abs(value)))
	}
	t.Logf("Lgamma %.2g", most)
	if !(most < 1e-14) {
		t.Errorf("log Γ is off by %v", most)
	}
}

func TestFunctions_SpecialCasesAreThoseOfMath(t *testing.T) {
	for _, f := range functions {
		for _, x := range []float64{0, math.Copysign(0, -1), 1, -1, math.Inf(1), math.Inf(-1), math.NaN(), 1e-300, 5e-324, 1e300, math.MaxFloat64} {
			if f.std == nil || f.name[1:3] == "in" && math.Abs(x) > farAngle || f.name[1:3] == "os" && math.Abs(x) > farAngle {
				continue // not theirs, see the doc comments
			}
			if strings.HasPrefix(f.name, "Log") && x == 5e-324 {
				continue // that of math is wrong there on amd64
			}
			got, want := f.ours(x), f.std(x)
			if got != want && !(got != got && want != want) && !(math.Abs(got-want) <= 1e-15*math.Abs(want)) || got == 0 && math.Signbit(got) != math.Signbit(want) {
				t.Errorf("%s(%v) = %v, want %v", f.name, x, got, want)
			}
		}
	}
	edges := []float64{0, math.Copysign(0, -1), 1, -1, 2, -2, 0.5, 3, -3, 65, 1e300, -1e300, 5e-324, math.Inf(1), math.Inf(-1), math.NaN()}
	for _, x := range edges {
		for _, y := range edges {
			got, want := Pow(x, y), math.Pow(x, y)
			if got != want && !(got != got && want != want) && !(math.Abs(got-want) <= 1e-13*math.Abs(want)) {
				t.Errorf("Pow(%v, %v) = %v, want %v", x, y, got, want)
			}
		}
	}
	for x, want := range map[float64]float64{1: 0, 2: 0, math.Inf(1): math.Inf(1), math.MaxFloat64: math.Inf(1)} {
		if got := Lgamma(x); got != want && !(math.Abs(got-want) < 1e-15) {
			t.Errorf("Lgamma(%v) = %v", x, got)
		}
	}
	if got := Lgamma(-1); got == got {
		t.Errorf("Lgamma(-1) = %v", got)
	}
	if got := Log(5e-324); math.Abs(got+1074*math.Ln2) > 1e-12 {
		t.Errorf("Log(5e-324) = %v", got)
	}
}

// TestFunctions_KeepTheirBits holds all bits of many values: on each processor they are these.
func TestFunctions_KeepTheirBits(t *testing.T) {
	h := sha256.New()
	r := uint64(1)
	for _, f := range functions {
		for range 5000 {
			r = r*6364136223846793005 + 1442695040888963407
			u := float64(float64(r>>11) * 0x1p-53)
			_ = binary.Write(h, binary.LittleEndian, f.ours(f.low+float64((f.high-f.low)*u)))
			_ = binary.Write(h, binary.LittleEndian, []float64{Pow(0.1+u, float64(50*u)), Lgamma(100 * u)})
		}
	}
	const want = "ce535bdfe7dbb2dd4db99762bd198a0a77fa3aa1360863fb19ab2f71375f744f"
	if got := fmt.Sprintf("%x", h.Sum(nil)); got != want {
		t.Errorf("the bits are %s, and were %s", got, want)
	}
}

func BenchmarkFunctions(b *testing.B) {
	for _, f := range functions {
		x := values(max(f.low, -20), min(f.high, 20), false, 1024)
		for name, fun := range map[string]func(float64) float64{"ours": f.ours, "math": f.std} {
			if fun == nil {
				continue
			}
			b.Run(f.name+"/"+name, func(b *testing.B) {
				sum := 0.0
				for i := range b.N {
					sum += fun(x[i%1024])
				}
				kept = sum
			})
		}
	}
	b.Run("Pow/ours", func(b *testing.B) {
		for i := range b.N {
			kept += Pow(float64(i+1), 0.3)
		}
	})
	b.Run("Pow/math", func(b *testing.B) {
		for i := range b.N {
			kept += math.Pow(float64(i+1), 0.3)
		}
	})
}

var kept float64
