package bayes

import (
	"slices"

	"slm/rng"
)

// sharePoints is how many pairs of points a share is estimated from.
const sharePoints = 4096

// Shares says how much of the posterior mean's variance over the space is owed to each group of coordinates, alone and with all others: the
// total effects of Sobol's decomposition, estimated by Jansen's formula (Saltelli et al. 2010, table 2),
//
//	S_g = mean (m(a) - m(a with b's coordinates of the group))² / 2 / Var m
//
// over pairs a, b of uniform points of the space, drawn from the stream. They add up to more than 1 where groups work together. All are 0 where the mean is flat.
func (g *GP) Shares(groups [][]int, stream *rng.Stream) []float64 {
	w := newWork(g.data)
	mean := func(x []float64) float64 { m, _ := g.posterior(x, w); return m }
	draw := func() []float64 {
		x := make([]float64, g.data.d)
		for j := range x {
			x[j] = stream.Float64()
		}
		return g.data.space.snap(x)
	}
	shares := make([]float64, len(groups))
	var sum, squares float64
	for range sharePoints {
		a, b := draw(), draw()
		at := mean(a)
		sum += float64(at / sharePoints)
		squares += float64(at * at / sharePoints)
		for k, group := range groups {
			x := slices.Clone(a)
			for _, j := range group {
				x[j] = b[j]
			}
			r := at - mean(x)
			shares[k] += float64(r * r / 2 / sharePoints)
		}
	}
	variance := squares - float64(sum*sum)
	for k := range shares {
		if variance <= floor {
			shares[k] = 0
		} else {
			shares[k] /= variance
		}
	}
	return shares
}
