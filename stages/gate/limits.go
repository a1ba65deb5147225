package gate

import (
	"fmt"
	"slices"

	"slm/stat"
)

// Bounds of a fit between questions of a corpus and questions about anything else.
const (
	wantRefused = 0.95 // share of the foreign questions
	mayRefuse   = 0.02 // share of the corpus's own, or, where both cannot be had,
	mostRefuse  = 0.04 // at most this

	FewestAsked = 20  // questions from which their share is known
	Covered     = 0.9 // a foreign question of which one section has so much is left out: the corpus may be about it after all
)

// Between fits a curve between questions of a corpus and foreign ones, each a row of what is seen of it. nil: there are fewer than Fewest of either.
func Between(own, foreign [][]float64) (*stat.Logistic, error) {
	if len(own) < Fewest || len(foreign) < Fewest {
		return nil, nil
	}
	right := make([]bool, len(own)+len(foreign))
	for i := range own {
		right[i] = true
	}
	score, err := stat.FitLogistic(slices.Concat(own, foreign), right)
	if err != nil {
		return nil, fmt.Errorf("gate: %w", err)
	}
	return &score, nil
}

// Limits are where questions may be refused, in the measure of the values that they are of.
type Limits struct {
	Low  float64 // below it are as many of the foreign questions as have to be refused,
	High float64 // and below it as few of the corpus's own as may be. Where it is above Low, both can be had
	Most float64 // where both cannot: no more of the corpus's own are below it than may be at most
}

// LimitsOf are those of how the questions of a corpus and foreign ones score; there is at least one of each.
func LimitsOf(own, foreign []float64) Limits {
	low := quantile(foreign, wantRefused)
	return Limits{Low: low, High: quantile(own, mayRefuse), Most: min(low, quantile(own, mostRefuse))}
}

// quantile is the value below which at most a share of some values are.
func quantile(values []float64, share float64) float64 {
	values = slices.Sorted(slices.Values(values))
	return values[min(int(share*float64(len(values))), len(values)-1)]
}
