package stat

import (
	"fmt"
	"math"
)

// Reliability says how far probabilities that were foretold are true.
type Reliability struct {
	Bins  []Bin   `json:"bins"`  // of equal width from 0 to 1; those without a case too
	ECE   float64 `json:"ece"`   // expected calibration error: the mean distance of foretold and true share, by cases (Naeini, Cooper and Hauskrecht 2015)
	Brier float64 `json:"brier"` // mean squared error (Brier 1950)
	Cases int     `json:"cases"`
}

// Bin are the cases whose probabilities are near each other.
type Bin struct {
	Cases int     `json:"cases"`
	Mean  float64 `json:"mean"`  // probability foretold; 0 without cases
	Right float64 `json:"right"` // share that came true; 0 without cases
}

// Reliable compares probabilities with what came true, in so many bins. A probability of 1 is in the last bin.
func Reliable(p []float64, right []bool, bins int) (Reliability, error) {
	if len(p) == 0 || len(p) != len(right) || bins < 1 {
		return Reliability{}, fmt.Errorf("%w: %d probabilities of %d cases in %d bins", ErrItems, len(p), len(right), bins)
	}
	r := Reliability{Bins: make([]Bin, bins), Cases: len(p)}
	for i, v := range p {
		if !(v >= 0 && v <= 1) {
			return Reliability{}, fmt.Errorf("%w: case %d has the probability %v", ErrItems, i, v)
		}
		b, came := &r.Bins[min(int(v*float64(bins)), bins-1)], 0.0
		if right[i] {
			came = 1
		}
		b.Cases, b.Mean, b.Right = b.Cases+1, b.Mean+v, b.Right+came
		r.Brier += (v - came) * (v - came) / float64(len(p))
	}
	for i := range r.Bins {
		if b := &r.Bins[i]; b.Cases > 0 {
			b.Mean, b.Right = b.Mean/float64(b.Cases), b.Right/float64(b.Cases)
			r.ECE += math.Abs(b.Mean-b.Right) * float64(b.Cases) / float64(len(p))
		}
	}
	return r, nil
}
