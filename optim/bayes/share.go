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

// Numbers of ShareIntervals: pairs of points, and functions that are drawn.
const (
	drawnPairs = 80
	drawnTimes = 200
)

// ShareIntervals says between which values the shares of groups lie with a probability, given the process's length scales: the quantiles of Shares over functions
// drawn from the posterior, jointly at all points that Jansen's formula takes. The mean is smoother than the function, so a share of the mean may lie beside its interval. O((80·groups)³).
func (g *GP) ShareIntervals(groups [][]int, level float64, stream *rng.Stream) (low, high []float64, err error) {
	if g.coupled != nil {
		return nil, nil, errCoupled
	}
	t, each := g.data, len(groups)+1
	draw := func() []float64 {
		x := make([]float64, t.d)
		for j := range x {
			x[j] = stream.Float64()
		}
		return t.space.snap(x)
	}
	var points [][]float64 // of each pair the point, then that point with each group's coordinates of the other
	for range drawnPairs {
		a, b := draw(), draw()
		points = append(points, a)
		for _, group := range groups {
			x := slices.Clone(a)
			for _, j := range group {
				x[j] = b[j]
			}
			points = append(points, x)
		}
	}
	n := len(points)
	means, across, w := make([]float64, n), make([][]float64, n), newWork(t) // across: L⁻¹k of each point
	for i, x := range points {
		means[i], _ = g.posterior(x, w)
		across[i] = slices.Clone(w.v)
	}
	cov := make(triangle, n*(n+1)/2)
	for i := range n {
		row := cov.row(i)
		for j := range row {
			row[j] = 1
			if i != j {
				row[j], _ = g.covariance(points[i], points[j])
			}
			row[j] -= dot(across[i], across[j])
		}
		row[i] += quiet
	}
	root, err := newFactor(cov, n)
	if err != nil {
		return nil, nil, err
	}
	drawn := make([][]float64, len(groups)) // by group
	z, f := make([]float64, n), make([]float64, n)
	for range drawnTimes {
		for i := range z {
			z[i] = stream.Norm()
		}
		var mean, squares float64
		for i := range f {
			f[i] = means[i] + dot(root.lower.row(i), z)
		}
		for i := 0; i < n; i += each {
			mean += f[i] / drawnPairs
			squares += float64(f[i] * f[i] / drawnPairs)
		}
		variance := max(floor, squares-float64(mean*mean))
		for k := range groups {
			share := 0.0
			for i := 0; i < n; i += each {
				r := f[i] - f[i+1+k]
				share += float64(r * r / 2 / drawnPairs)
			}
			drawn[k] = append(drawn[k], min(1, share/variance)) // no total effect is more than the whole; pairs of points are few
		}
	}
	for _, list := range drawn {
		slices.Sort(list)
		at := func(p float64) float64 { return list[int(float64(p*float64(len(list)-1))+.5)] }
		low, high = append(low, at((1-level)/2)), append(high, at((1+level)/2))
	}
	return low, high, nil
}
