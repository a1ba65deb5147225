package bayes

import (
	"errors"
	"math"
	"sort"

	"slm/internal/elementary"
	"slm/optim/sobol"
	"slm/rng"
)

// Numbers of the search for the largest acquisition. A point costs O(n²), a climb some twenty points.
const (
	rawPoints  = 512 // scrambled Sobol points over the whole box
	nearPoints = 96  // normal steps around the best observed points
	nearBest   = 3   // how many of those are stepped from
	climbs     = 5   // local searches
	iterations = 60  // of each
	distinct   = 1e-6
)

// Design returns the n points with which a search begins: a scrambled Sobol sequence over the whole box [-1,1]^d.
func Design(n, dim int, stream *rng.Stream) ([][]float64, error) { return designed(dim, 0, n, stream) }

// designed returns points from … from+n-1 of a scrambled Sobol sequence.
func designed(dim, from, n int, stream *rng.Stream) ([][]float64, error) {
	s, err := sobol.New(dim, stream)
	if err != nil {
		return nil, err
	}
	points := make([][]float64, n)
	for i := range points {
		points[i] = outward(s.Point(uint32(from+i), make([]float64, dim)))
	}
	return points, nil
}

// Propose returns the point of [-1,1]^d to be evaluated next, by the zero Model and its usual rule: see Model.Propose.
func Propose(obs []Observation, dim int, stream *rng.Stream) ([]float64, error) {
	points, err := Model{}.Propose(obs, dim, "", 1, stream)
	if err != nil {
		return nil, err
	}
	return points[0], nil
}

var errNone = errors.New("bayes: at least one point must be asked for")

// Propose returns q ≥ 1 points of [-1,1]^d to be evaluated next: it fits the model to obs and climbs the acquisition of a rule from many starts.
// After each point the process is told that the value there is what it expects (a fantasy), at the cost of O(n²), so that the next one goes
// elsewhere. It is a pure function of its arguments. Without observations the points are those of a Design. A point that was observed already
// is not proposed again. The stream's position does not matter, only its identity.
func (m Model) Propose(obs []Observation, dim int, rule Rule, q int, stream *rng.Stream) ([][]float64, error) {
	if q < 1 {
		return nil, errNone
	}
	if len(obs) == 0 {
		points, err := Design(q, dim, stream)
		for _, z := range points {
			m.Space.Snap(z)
		}
		return points, err
	}
	g, err := m.Fit(obs, dim, stream.At(0))
	if err != nil {
		return nil, err
	}
	var points [][]float64
	for i := range q {
		if i > 0 {
			mean, _ := g.Predict(points[i-1])
			if g, err = g.Extend(Observation{Z: points[i-1], Y: mean}); err != nil {
				return nil, err
			}
			stream = stream.At(uint64(3 + i))
		}
		a, err := g.Acquire(rule, stream.At(3))
		if err != nil {
			return nil, err
		}
		z, err := g.Maximise(a, stream)
		if err != nil {
			return nil, err
		}
		points = append(points, z)
	}
	return points, nil
}

// ErrExhausted says that every point that could be proposed has been observed, as in a space of few levels.
var ErrExhausted = errors.New("bayes: every candidate has been observed already")

// candidate is a point of [0,1]^d and its acquisition.
type candidate struct {
	x     []float64
	value float64
}

// Maximise returns the point of [-1,1]^d with the largest acquisition that was found, of those not observed yet.
func (g *GP) Maximise(a Acquisition, stream *rng.Stream) ([]float64, error) {
	raw, err := g.candidates(stream)
	if err != nil {
		return nil, err
	}
	w := newWork(g.data)
	for i := range raw {
		raw[i].value = a.at(raw[i].x, nil, w)
	}
	sort.SliceStable(raw, func(i, j int) bool { return raw[i].value > raw[j].value })

	found := append([]candidate(nil), raw...)
	for _, c := range spread(raw, climbs, g) {
		x := append([]float64(nil), c.x...)
		found = append(found, candidate{x, g.ascend(a, x, w)})
	}
	sort.SliceStable(found, func(i, j int) bool { return found[i].value > found[j].value })
	for _, c := range found {
		if !g.observed(c.x) {
			return outward(c.x), nil
		}
	}
	return nil, ErrExhausted
}

// candidates are starting points: all over the box, and close to what is best so far, at scales from a tenth of the box to a
// thousandth, since a narrow ridge of LogEI there is missed by any spread-out set.
func (g *GP) candidates(stream *rng.Stream) ([]candidate, error) {
	t := g.data
	sequence, err := sobol.New(t.d, stream.At(1))
	if err != nil {
		return nil, err
	}
	out := make([]candidate, 0, rawPoints+nearPoints)
	for i := range rawPoints {
		out = append(out, candidate{x: t.space.snap(sequence.Point(uint32(i), make([]float64, t.d)))})
	}
	order := make([]int, t.n)
	for i := range order {
		order[i] = i
	}
	sort.SliceStable(order, func(a, b int) bool { return g.fitted(order[a]) > g.fitted(order[b]) })
	normal, coins := stream.At(2), stream.At(2).At(0)
	for i := range nearPoints {
		from := order[i%min(nearBest, t.n)]
		scale := elementary.Pow(10, -1-2*float64(i)/nearPoints)
		x := make([]float64, t.d)
		for j := range x {
			x[j] = math.Min(1, math.Max(0, t.x[from*t.d+j]+float64(scale*normal.Norm())))
		}
		t.space.vary(x, t.point(from), coins.Float64)
		out = append(out, candidate{x: x})
	}
	return out, nil
}

// spread picks n candidates from a sorted list, the best first, each at least a tenth of the box (or of the length scales, where those
// are shorter) away from those picked before, as far as the list goes.
func spread(sorted []candidate, n int, g *GP) []candidate {
	var picked []candidate
	for _, c := range sorted {
		if len(picked) == n {
			break
		}
		near := false
		for _, p := range picked {
			var q float64
			for j := range c.x {
				r := (c.x[j] - p.x[j]) / math.Min(1, g.Lengths[j])
				if r != 0 && g.mixture != nil && g.mixture.rate[j] > 0 {
					r = 1
				}
				q += float64(r * r)
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
