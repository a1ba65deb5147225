package bpo

import (
	"slm/scripts/benchmark/duel"
)

// step is the best prompt's held-out accuracy from some call on.
type step struct {
	Calls    int     `json:"calls"`
	Accuracy float64 `json:"accuracy"`
}

// curve is one search.
type curve struct {
	Seed   uint64 `json:"seed"`
	Calls  int    `json:"calls"`
	Trials int    `json:"trials"`
	Steps  []step `json:"steps"`

	right []float64 // what the last step answers right on the held-out questions
}

func (c *curve) step(calls int, right []float64) {
	c.Steps, c.right = append(c.Steps, step{calls, duel.Mean(right)}), right
	c.Calls = max(c.Calls, calls)
}

// last is what the search ends in.
func (c *curve) last() float64 { return c.Steps[len(c.Steps)-1].Accuracy }

// reaches is the call from which on the accuracy stays at a target or above; 0 = it does not.
func (c *curve) reaches(target float64) int {
	at := 0
	for _, s := range c.Steps {
		switch {
		case s.Accuracy < target-1e-9:
			at = 0
		case at == 0:
			at = s.Calls
		}
	}
	return at
}
