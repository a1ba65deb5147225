package bayes

import (
	"math"
	"sort"

	"slm/internal/elementary"
	"slm/optim/sobol"
	"slm/rng"
)

// Turbo is TuRBO-1 (Eriksson et al., "Scalable global optimization via local Bayesian optimization", NeurIPS 2019): Thompson samples within
// a trust region around the best point, which grows with success, shrinks with failure, and begins anew when it has become small. Its
// process is fitted to the observations since it began.
type Turbo struct {
	Dim    int
	Init   int // points of the design that each region begins with; 0 means twice the dimension
	Model  Model
	Stream *rng.Stream
}

const (
	firstSide, smallSide, largeSide = 0.8, 1.0 / 128, 1.6
	successes                       = 3
	improves                        = 1e-3 // relative, for a success
	perDim                          = 100  // candidates a dimension
	moved                           = 20.0 // coordinates of a candidate that differ from the centre, on average
)

// region is the state of the search.
type region struct {
	number   int // restarts so far
	from     int // first observation of this region
	side     float64
	good     int // successes in a row
	bad      int // failures in a row
	best     float64
	patience int // failures that halve the side
}

func (t Turbo) init() int {
	if t.Init > 0 {
		return t.Init
	}
	return 2 * t.Dim
}

// replay goes through all that was observed.
func (t Turbo) replay(obs []Observation) region {
	r := region{side: firstSide, best: math.Inf(-1), patience: max(4, t.Dim)}
	for i, o := range obs {
		if i-r.from < t.init() {
			r.best = math.Max(r.best, o.Y)
			continue
		}
		if o.Y > r.best+float64(improves*math.Abs(r.best)) {
			r.good, r.bad = r.good+1, 0
		} else {
			r.good, r.bad = 0, r.bad+1
		}
		r.best = math.Max(r.best, o.Y)
		switch {
		case r.good == successes:
			r.side, r.good = math.Min(largeSide, 2*r.side), 0
		case r.bad == r.patience:
			r.side, r.bad = r.side/2, 0
		}
		if r.side < smallSide {
			r = region{number: r.number + 1, from: i + 1, side: firstSide, best: math.Inf(-1), patience: r.patience}
		}
	}
	return r
}

// Propose returns at most q ≥ 1 points of [-1,1]^d, at least one, to be evaluated after those of obs, which the search itself has proposed, in
// this order; those of the first region's design may come from elsewhere. They are points of a design at the beginning of a region, else
// Thompson samples in it, each of a function of its own. It keeps no state: a table of observations alone rebuilds the search, bit for bit.
func (t Turbo) Propose(obs []Observation, q int) ([][]float64, error) {
	if q < 1 {
		return nil, errNone
	}
	if err := check(obs, t.Dim); err != nil {
		return nil, err
	}
	r := t.replay(obs)
	if n := len(obs) - r.from; n < t.init() {
		return designed(t.Dim, n, min(q, t.init()-n), t.Stream.At(0).At(uint64(r.number)))
	}
	stream := t.Stream.At(1).At(uint64(len(obs)))
	g, err := t.Model.Fit(obs[r.from:], t.Dim, stream.At(0))
	if err != nil {
		return nil, err
	}
	var points [][]float64
	for i := range q {
		z, err := g.within(r.side, stream.At(uint64(1+i)))
		if err != nil {
			return nil, err
		}
		points = append(points, z)
	}
	return points, nil
}

// within returns the best of many candidates for a draw of g, in the box of the given side around the best point, longer along
// coordinates of longer length scale.
func (g *GP) within(side float64, stream *rng.Stream) ([]float64, error) {
	a, err := g.Acquire(ThompsonRule, stream.At(0))
	if err != nil {
		return nil, err
	}
	t := g.data
	centre := 0
	for i := range t.n {
		if g.fitted(i) > g.fitted(centre) {
			centre = i
		}
	}
	var logs float64
	for _, l := range g.Lengths {
		logs += elementary.Log(l) / float64(t.d)
	}
	sequence, err := sobol.New(t.d, stream.At(1))
	if err != nil {
		return nil, err
	}
	coin, w := stream.At(2), newWork(t)
	found := make([]candidate, 0, perDim*t.d)
	for i := range perDim * t.d {
		x := sequence.Point(uint32(i), make([]float64, t.d))
		always := coin.IntN(t.d)
		for j, c := range t.point(centre) {
			half := float64(side * g.Lengths[j] / elementary.Exp(logs) / 2)
			low, high := math.Max(0, c-half), math.Min(1, c+half)
			if coin.Float64() < moved/float64(t.d) || j == always {
				x[j] = low + float64(x[j]*(high-low))
			} else {
				x[j] = c
			}
		}
		found = append(found, candidate{x, a.at(x, nil, w)})
	}
	sort.SliceStable(found, func(i, j int) bool { return found[i].value > found[j].value })
	for _, c := range found {
		if !g.observed(c.x) {
			return outward(c.x), nil
		}
	}
	return nil, ErrExhausted
}
