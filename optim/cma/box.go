package cma

import (
	"fmt"
	"math"

	"slm/rng"
)

const (
	firstSigma = 0.5  // in units of the half width of the box
	smallest   = 1e-9 // standard deviation along the longest axis at which a restart is due
	flat       = 1e-12
)

// Box maximises over [-1,1]^d by asking and telling, one point after the other. A sample outside is reflected at the sides. When the
// distribution has shrunk to nothing, or a whole generation and the best before it agree to twelve digits, it starts again from a random
// point with twice the population (Auger & Hansen, "A restart CMA evolution strategy with increasing population size", CEC 2005).
//
// The same stream and the same values give the same points, so a search is rebuilt by telling its values again.
type Box struct {
	Restarts int

	dim      int
	stream   *rng.Stream
	strategy *Strategy
	asked    [][]float64 // samples of this generation, before reflection
	values   []float64
	bests    []float64 // of the last generations since the restart
}

// NewBox starts at a point of the box, in general its middle.
func NewBox(mean []float64, stream *rng.Stream) (*Box, error) {
	for j, m := range mean {
		if !(m >= -1 && m <= 1) {
			return nil, fmt.Errorf("cma: coordinate %d of the start is %v, outside [-1,1]", j, m)
		}
	}
	s, err := New(mean, firstSigma, 0)
	if err != nil {
		return nil, err
	}
	return &Box{dim: len(mean), stream: stream, strategy: s}, nil
}

// Left is how many points may be asked for before values are told.
func (b *Box) Left() int { return b.strategy.lambda - len(b.asked) }

// Ask returns the next point of [-1,1]^d. A generation must be told before the next one is asked for.
func (b *Box) Ask() ([]float64, error) {
	if b.Left() == 0 {
		return nil, fmt.Errorf("cma: generation %d waits for %d values", b.strategy.generation, len(b.asked)-len(b.values))
	}
	draw := b.stream.At(uint64(b.Restarts)).At(uint64(b.strategy.generation)).At(uint64(len(b.asked)))
	z := make([]float64, b.dim)
	for j := range z {
		z[j] = draw.Norm()
	}
	x := b.strategy.Sample(z)
	b.asked = append(b.asked, x)
	out := make([]float64, b.dim)
	for j, v := range x {
		out[j] = fold(v)
	}
	return out, nil
}

// Tell gives the value of the earliest point that was asked for and has none.
func (b *Box) Tell(value float64) error {
	if len(b.values) == len(b.asked) {
		return fmt.Errorf("cma: a value was told that was not asked for")
	}
	if math.IsNaN(value) {
		return fmt.Errorf("cma: value %d of generation %d is not a number", len(b.values), b.strategy.generation)
	}
	b.values = append(b.values, value)
	if len(b.values) < b.strategy.lambda {
		return nil
	}
	err := b.strategy.Tell(b.asked, b.values)
	again := err != nil || b.strategy.spent(smallest) || b.stuck()
	b.asked, b.values = nil, nil
	if again {
		return b.restart()
	}
	return nil
}

// stuck says that the last generation, and the best of those before it, are all the same.
func (b *Box) stuck() bool {
	low, high := math.Inf(1), math.Inf(-1)
	for _, v := range b.values {
		low, high = math.Min(low, v), math.Max(high, v)
	}
	b.bests = append(b.bests, high)
	memory := 10 + int(math.Ceil(30*float64(b.dim)/float64(b.strategy.lambda)))
	if len(b.bests) < memory {
		return false
	}
	b.bests = b.bests[len(b.bests)-memory:]
	for _, v := range b.bests {
		low, high = math.Min(low, v), math.Max(high, v)
	}
	return high-low <= flat*math.Max(1, math.Abs(high))
}

func (b *Box) restart() (err error) {
	b.Restarts++
	draw := b.stream.At(uint64(b.Restarts))
	mean := make([]float64, b.dim)
	for j := range mean {
		mean[j] = float64(2*draw.Float64()) - 1
	}
	b.bests = nil
	b.strategy, err = New(mean, firstSigma, 2*b.strategy.lambda)
	return err
}

// fold folds the line into [-1,1] as mirrors at both ends would.
func fold(v float64) float64 {
	v = math.Mod(math.Abs(v+1), 4)
	if v > 2 {
		v = 4 - v
	}
	return v - 1
}
