package bpo

import (
	"slm/optim/bayes"
)

// gain is the mean of a trial's objective over its first n items less that of z = 0 on the same items, and the sum of squares of the
// differences about that mean. Taken in pairs, what makes an item hard for all soft prompts cancels out, and rungs of the ladder
// can be compared.
func gain(t, zero *trial, n int) (mean, squares float64) {
	for i := range n {
		mean += (t.results[i].Objective - zero.results[i].Objective) / float64(n)
	}
	for i := range n {
		d := t.results[i].Objective - zero.results[i].Objective - mean
		squares += d * d
	}
	return mean, squares
}

// borrowed is how many items' worth of the other trials' variance a trial's own is mixed with. A trial that changed nothing on 40 items
// must not count as known exactly.
const borrowed = 5

// observations is the table of trials as the model of the objective sees it: gains, each with the variance of its mean. The gain of
// z = 0 is 0 by definition and has none.
func observations(trials []*trial, zero *trial) []bayes.Observation {
	var pooled, degrees float64
	for _, t := range trials {
		if t != zero && len(t.results) > 0 {
			_, squares := gain(t, zero, len(t.results))
			pooled += squares
			degrees += float64(len(t.results) - 1)
		}
	}
	if degrees > 0 {
		pooled /= degrees
	}
	var obs []bayes.Observation
	for _, t := range trials {
		n := len(t.results)
		if n == 0 {
			continue // just being made
		}
		o := bayes.Observation{Z: t.z}
		if t != zero {
			var squares float64
			o.Y, squares = gain(t, zero, n)
			o.Var = (squares + borrowed*pooled) / float64(n-1+borrowed) / float64(n)
		}
		obs = append(obs, o)
	}
	return obs
}
