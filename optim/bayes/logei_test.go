package bayes

import (
	"encoding/json"
	"math"
	"os"
	"testing"
)

type goldenFile struct {
	LogH    [][2]float64 `json:"log_h"`         // exact
	BoTorch [][2]float64 `json:"botorch_log_h"` // as BoTorch computes it
}

func readGolden(t *testing.T) goldenFile {
	t.Helper()
	data, err := os.ReadFile("testdata/golden.json")
	if err != nil {
		t.Fatal(err)
	}
	var g goldenFile
	if err := json.Unmarshal(data, &g); err != nil {
		t.Fatal(err)
	}
	if len(g.LogH) == 0 {
		t.Fatal("the golden file is not complete")
	}
	return g
}

// logEI is LogEI over best of a normal variable.
func logEI(mu, sigma, best float64) float64 {
	h, _ := logH((mu - best) / sigma)
	return math.Log(sigma) + h
}

func TestLogEI_EqualsHighPrecisionInAllThreeBranches(t *testing.T) {
	for _, c := range readGolden(t).LogH {
		got := logEI(c[0], 1, 0)
		if math.Abs(got-c[1]) > 1e-12*math.Max(1, math.Abs(c[1])) {
			t.Errorf("ln h(%v) = %.17g, want %.17g", c[0], got, c[1])
		}
	}
}

func TestLogEI_AgreesWithTheLogarithmOfEI(t *testing.T) {
	for _, sigma := range []float64{1e-3, 1, 40} {
		for u := -4.999; u < 6; u += 0.0137 {
			cdf := 0.5 * math.Erfc(-u/math.Sqrt2)
			ei := sigma * (math.Exp(-u*u/2)/math.Sqrt(2*math.Pi) + u*cdf)
			if got := logEI(3+u*sigma, sigma, 3); math.Abs(got-math.Log(ei)) > 1e-10 {
				t.Fatalf("u = %v, sigma = %v: %v, want %v", u, sigma, got, math.Log(ei))
			}
		}
	}
}

func TestLogEI_IsFiniteAndMonotoneFarDown(t *testing.T) {
	last := math.Inf(1)
	for _, u := range grid() {
		h := logEI(u, 1, 0)
		if math.IsNaN(h) || math.IsInf(h, 0) {
			t.Fatalf("ln h(%v) = %v", u, h)
		}
		if h >= last {
			t.Fatalf("ln h does not fall at %v: %v after %v", u, h, last)
		}
		last = h
	}
}

// grid walks from 10 to -1e8 in steps that are fine around every seam between branches.
func grid() []float64 {
	var us []float64
	for u := 10.0; u > -40; u -= 1e-3 {
		us = append(us, u)
	}
	for u := 40.0; u < 1e8; u *= 1.0007 {
		us = append(us, -u)
	}
	return append(us, -1e8)
}

func TestLogH_SlopeIsItsDerivative(t *testing.T) {
	for _, u := range []float64{5, 1, 0, -0.99, -1.01, -3, -7, -20, -300, -9e5, -2e6} {
		step := 1e-5 * math.Max(1, math.Abs(u))
		high, _ := logH(u + step)
		low, _ := logH(u - step)
		_, slope := logH(u)
		if numeric := (high - low) / (2 * step); math.Abs(slope-numeric) > 1e-5*math.Max(1, math.Abs(slope)) {
			t.Errorf("slope at %v = %v, numerically %v", u, slope, numeric)
		}
	}
}
