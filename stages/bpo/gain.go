package bpo

import (
	"slm/optim/bayes"
)

// gain is the mean of a trial's objective over its first n items less that of another on the same items, and the sum of squares of the
// differences about that mean. Taken in pairs, what makes an item hard for all prompts cancels out, and rungs of the ladder can be compared.
func gain(t, other *trial, n int) (mean, squares float64) {
	for i := range n {
		mean += (t.results[i].Objective - other.results[i].Objective) / float64(n)
	}
	for i := range n {
		d := t.results[i].Objective - other.results[i].Objective - mean
		squares += float64(d * d)
	}
	return mean, squares
}

// borrowed is how many items' worth of the other trials' variance a trial's own is mixed with. A trial that changed nothing on 40 items
// must not count as known exactly.
const borrowed = 5

// shown is what a trial has shown, as far as the model of the objective is concerned: all of it stands in its row of trials.arrow.
type shown struct {
	z             []float64
	n             int // items; 0 when there is nothing to learn from
	gain, squares float64
}

// observations is what the model of the objective sees. Trials without results, and those that were refused, are left out.
func observations(trials []*trial, zero *trial) []bayes.Observation {
	list := make([]shown, 0, len(trials))
	for _, t := range trials {
		list = append(list, t.shown(zero))
	}
	return observe(list)
}

func (t *trial) shown(zero *trial) shown {
	v := shown{z: t.z}
	if t.refused == "" {
		v.n = len(t.results)
		v.gain, v.squares = gain(t, zero, v.n)
	}
	return v
}

// observe makes gains, each with the variance of its mean, of a list whose first is z = 0. Its gain is 0 by definition and has none.
func observe(list []shown) []bayes.Observation {
	var pooled, degrees float64
	for _, t := range list[1:] {
		if t.n > 0 {
			pooled += t.squares
			degrees += float64(t.n - 1)
		}
	}
	if degrees > 0 {
		pooled /= degrees
	}
	var obs []bayes.Observation
	for i, t := range list {
		o := bayes.Observation{Z: t.z, Y: t.gain}
		switch {
		case t.n == 0:
			continue
		case i > 0:
			o.Var = (t.squares + float64(borrowed*pooled)) / float64(t.n-1+borrowed) / float64(t.n)
		}
		obs = append(obs, o)
	}
	return obs
}
