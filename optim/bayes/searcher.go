package bayes

import (
	"errors"
	"fmt"
	"slices"

	"slm/optim/cma"
	"slm/optim/sobol"
	"slm/rng"
)

// Searcher proposes what to evaluate. It keeps no state: the proposal is a pure function of its fields and of what it has been shown, so
// a table of observations alone rebuilds a search, bit for bit.
type Searcher interface {
	// Next returns at most q points of [-1,1]^d, at least one, to be evaluated after those seen. All that was seen was proposed by the
	// searcher itself, in this order, unless it says otherwise.
	Next(seen []Observation, q int) ([][]float64, error)
}

var (
	_ Searcher = Search{}
	_ Searcher = Turbo{}
	_ Searcher = Evolve{}
	_ Searcher = Quasi{}
	_ Searcher = Random{}
)

// Search is Bayesian optimisation: a design, then the points of largest acquisition. What was seen may come from anywhere.
type Search struct {
	Dim    int
	Init   int // points of the design
	Model  Model
	Rule   Rule
	Stream *rng.Stream
}

// Next returns points of the design while there are any, else those of largest acquisition.
func (s Search) Next(seen []Observation, q int) ([][]float64, error) {
	if err := shown(seen, s.Dim, q); err != nil {
		return nil, err
	}
	if n := len(seen); n < max(1, s.Init) {
		return designed(s.Dim, n, min(q, max(1, s.Init)-n), s.Stream.At(0))
	}
	return s.Model.propose(seen, s.Dim, s.Rule, q, s.Stream.At(1).At(uint64(len(seen))))
}

// Quasi is a scrambled Sobol sequence and nothing else.
type Quasi struct {
	Dim    int
	Stream *rng.Stream
}

// Next returns the sequence's next points.
func (s Quasi) Next(seen []Observation, q int) ([][]float64, error) {
	if err := shown(seen, s.Dim, q); err != nil {
		return nil, err
	}
	return designed(s.Dim, len(seen), q, s.Stream)
}

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

// Random draws uniform points.
type Random struct {
	Dim    int
	Stream *rng.Stream
}

// Next returns points that depend on their number alone.
func (s Random) Next(seen []Observation, q int) ([][]float64, error) {
	if err := shown(seen, s.Dim, q); err != nil {
		return nil, err
	}
	points := make([][]float64, q)
	for i := range points {
		draw := s.Stream.At(uint64(len(seen) + i))
		points[i] = make([]float64, s.Dim)
		for j := range points[i] {
			points[i][j] = 2*draw.Float64() - 1
		}
	}
	return points, nil
}

// Evolve is CMA-ES in the box, from its middle, with restarts.
type Evolve struct {
	Dim    int
	Stream *rng.Stream
}

// Next tells the strategy all values again and asks it; it does not go beyond the end of a generation.
func (s Evolve) Next(seen []Observation, q int) ([][]float64, error) {
	if err := shown(seen, s.Dim, q); err != nil {
		return nil, err
	}
	b, err := cma.NewBox(make([]float64, s.Dim), s.Stream)
	if err != nil {
		return nil, err
	}
	for i, o := range seen {
		z, err := b.Ask()
		if err != nil {
			return nil, err
		}
		if !slices.Equal(z, o.Z) {
			return nil, fmt.Errorf("bayes: observation %d is not what the evolution strategy had asked for", i)
		}
		if err := b.Tell(o.Y); err != nil {
			return nil, err
		}
	}
	points := make([][]float64, min(q, b.Left()))
	for i := range points {
		if points[i], err = b.Ask(); err != nil {
			return nil, err
		}
	}
	return points, nil
}

// shown refuses what no searcher could use.
func shown(seen []Observation, dim, q int) error {
	if q < 1 {
		return errors.New("bayes: at least one point must be asked for")
	}
	return check(seen, dim)
}
