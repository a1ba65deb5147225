package bayes

import (
	"errors"
	"math"
	"sort"

	"slm/rng"
)

var errEmpty = errors.New("bayes: a model needs at least one observation")

// Numbers of the search for the largest LogEI. A point costs O(n²), a climb some twenty points.
const (
	rawPoints  = 512 // scrambled Sobol points over the whole box
	nearPoints = 96  // normal steps around the best observed points
	nearBest   = 3   // how many of those are stepped from
	climbs     = 5   // local searches
	iterations = 60  // of each
	distinct   = 1e-6
)

// Design returns the n points with which a search begins: a scrambled Sobol sequence over the whole box [-1,1]^d.
func Design(n, dim int, stream *rng.Stream) ([][]float64, error) {
	s, err := NewSobol(dim, stream)
	if err != nil {
		return nil, err
	}
	points := make([][]float64, n)
	for i := range points {
		points[i] = outward(s.Point(uint32(i), make([]float64, dim)))
	}
	return points, nil
}

// Propose returns the point of [-1,1]^d to be evaluated next. It is a pure function of its arguments: it fits a process to obs and
// climbs LogEI from many starts. Without observations it returns a random point. A point that was observed already is not proposed
// again. The stream's position does not matter, only its identity.
func Propose(obs []Observation, dim int, stream *rng.Stream) ([]float64, error) {
	if len(obs) == 0 {
		points, err := Design(1, dim, stream)
		if err != nil {
			return nil, err
		}
		return points[0], nil
	}
	g, err := Fit(obs, dim, stream.At(0))
	if err != nil {
		return nil, err
	}
	return g.propose(stream)
}

// candidate is a point of [0,1]^d and its LogEI.
type candidate struct {
	x     []float64
	value float64
}

func (g *GP) propose(stream *rng.Stream) ([]float64, error) {
	raw, err := g.candidates(stream)
	if err != nil {
		return nil, err
	}
	w := newWork(g.data)
	for i := range raw {
		raw[i].value = g.logEI(raw[i].x, nil, w)
	}
	sort.SliceStable(raw, func(i, j int) bool { return raw[i].value > raw[j].value })

	found := append([]candidate(nil), raw...)
	f := func(x, grad []float64) float64 { return g.logEI(x, grad, w) }
	for _, c := range spread(raw, climbs, g.Lengths) {
		x := append([]float64(nil), c.x...)
		found = append(found, candidate{x, climb(f, x, iterations)})
	}
	sort.SliceStable(found, func(i, j int) bool { return found[i].value > found[j].value })
	for _, c := range found {
		if !g.observed(c.x) {
			return outward(c.x), nil
		}
	}
	return nil, errors.New("bayes: every candidate has been observed already")
}

// candidates are starting points: all over the box, and close to what is best so far, at scales from a tenth of the box to a
// thousandth, since a narrow ridge of LogEI there is missed by any spread-out set.
func (g *GP) candidates(stream *rng.Stream) ([]candidate, error) {
	t := g.data
	sobol, err := NewSobol(t.d, stream.At(1))
	if err != nil {
		return nil, err
	}
	out := make([]candidate, 0, rawPoints+nearPoints)
	for i := range rawPoints {
		out = append(out, candidate{x: sobol.Point(uint32(i), make([]float64, t.d))})
	}
	w := newWork(t)
	order, means := make([]int, t.n), make([]float64, t.n)
	for i := range order {
		order[i] = i
		means[i], _ = g.posterior(t.x[i*t.d:(i+1)*t.d], w)
	}
	sort.SliceStable(order, func(a, b int) bool { return means[order[a]] > means[order[b]] })
	normal := stream.At(2)
	for i := range nearPoints {
		from := order[i%min(nearBest, t.n)]
		scale := math.Pow(10, -1-2*float64(i)/nearPoints)
		x := make([]float64, t.d)
		for j := range x {
			x[j] = math.Min(1, math.Max(0, t.x[from*t.d+j]+scale*normal.Norm()))
		}
		out = append(out, candidate{x: x})
	}
	return out, nil
}

// spread picks n candidates from a sorted list, the best first, each at least a tenth of the box (or of the length scales, where those
// are shorter) away from those picked before, as far as the list goes.
func spread(sorted []candidate, n int, lengths []float64) []candidate {
	var picked []candidate
	for _, c := range sorted {
		if len(picked) == n {
			break
		}
		near := false
		for _, p := range picked {
			var q float64
			for j := range c.x {
				r := (c.x[j] - p.x[j]) / math.Min(1, lengths[j])
				q += r * r
			}
			near = near || q < 0.01*float64(len(c.x))
		}
		if !near {
			picked = append(picked, c)
		}
	}
	return picked
}

// observed says whether x is one of the observed points.
func (g *GP) observed(x []float64) bool {
	t := g.data
	for i := range t.n {
		far := 0.0
		for j := range x {
			far = math.Max(far, math.Abs(x[j]-t.x[i*t.d+j]))
		}
		if far < distinct {
			return true
		}
	}
	return false
}

// outward maps [0,1]^d to [-1,1]^d in place.
func outward(x []float64) []float64 {
	for j := range x {
		x[j] = 2*x[j] - 1
	}
	return x
}
