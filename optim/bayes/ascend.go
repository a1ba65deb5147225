package bayes

// rounds bounds how often a local search of a mixed space goes over all coordinates.
const rounds = 8

// ascend is a local search for a larger acquisition from x, which it changes: a climb of the continuous coordinates with the levels held, then
// the best level of each other coordinate in turn, and so on while that gains (Wan et al. 2021, algorithm 2, without their random order).
func (g *GP) ascend(a Acquisition, x []float64, w *work) float64 {
	space := g.data.space
	f := func(x, grad []float64) float64 {
		value := a.at(x, grad, w)
		if grad != nil {
			for j, d := range space {
				if d.Levels > 0 {
					grad[j] = 0 // held
				}
			}
		}
		return value
	}
	value := climb(f, x, iterations, 1e-9)
	for range rounds {
		before := value
		for j, d := range space {
			held := x[j]
			for level := range d.Levels {
				x[j] = (d.At(level) + 1) / 2
				if v := a.at(x, nil, w); v > value {
					value, held = v, x[j]
				}
			}
			x[j] = held
		}
		if value == before {
			break
		}
		value = climb(f, x, iterations, 1e-9)
	}
	return value
}

// vary steps from a point of [0,1]^d to one near by: levels mostly stay, each changes with the chance that one of them does.
func (s Space) vary(x []float64, from []float64, coin func() float64) {
	levels := 0.0
	for _, d := range s {
		if d.Levels > 0 {
			levels++
		}
	}
	for j, d := range s {
		if d.Levels > 0 {
			x[j] = from[j]
			if change, at := coin(), coin(); change*levels < 1 {
				x[j] = at
			}
		}
	}
	s.snap(x)
}
