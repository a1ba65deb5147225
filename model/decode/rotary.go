package decode

import (
	"sync"

	"slm/model"
	"slm/model/kernel"
)

// rotary holds rotary positions, tabulated some at a time when the first of them is asked for: a long context costs nothing until it is used.
type rotary struct {
	frequencies []float64
	parts       []rotaryPart
}

type rotaryPart struct {
	once  sync.Once
	table *kernel.Rotary
}

// rotaryPositions is how many positions are tabulated together.
const rotaryPositions = 512

func newRotary(positions int, frequencies []float64) *rotary {
	return &rotary{frequencies, make([]rotaryPart, (positions+rotaryPositions-1)/rotaryPositions)}
}

// at returns the cosines and sines of a position, [hd/2] each.
func (r *rotary) at(position int) (cos, sin []float32) {
	part, within := &r.parts[position/rotaryPositions], position%rotaryPositions
	part.once.Do(func() { part.table = kernel.NewRotaryAt(position-within, rotaryPositions, r.frequencies) })
	return part.table.Cos(within), part.table.Sin(within)
}

// rotaries are the positions of layers that see everything, and of those with a window.
func rotaries(p *model.Params) (all, window *rotary) {
	c := p.Config
	frequencies := kernel.RotaryFrequencies(c.HeadDim, c.RopeTheta)
	for i := range frequencies {
		if c.RopeLinear > 0 {
			frequencies[i] /= c.RopeLinear
		}
		if p.RopeFactors != nil {
			frequencies[i] /= float64(p.RopeFactors[i])
		}
	}
	all = newRotary(c.Context, frequencies)
	if c.Window == 0 || c.WindowTheta == 0 {
		return all, all
	}
	return all, newRotary(c.Context, kernel.RotaryFrequencies(c.HeadDim, c.WindowTheta))
}

func (n *net[T]) rotaryOf(l int) *rotary {
	if n.config.Windowed(l) {
		return n.windowRotary
	}
	return n.rotary
}
