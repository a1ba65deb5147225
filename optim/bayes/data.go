package bayes

import (
	"fmt"
	"math"

	"slm/optim/sobol"
)

// MaxDim is the largest dimension of a search: that of the table of Sobol points.
const MaxDim = sobol.MaxDim

// Observation is one evaluated point.
type Observation struct {
	Z   []float64 // in [-1,1]^d
	Y   float64   // what was seen; larger is better
	Var float64   // known variance of Y's error, 0 if none is known; the model learns a common variance on top
}

// BinomialVar is the variance of an accuracy of right out of n, shrunk so that it is never 0: with p = (right+1)/(n+2) it is p(1-p)/n.
func BinomialVar(right, n int) float64 {
	if n < 1 {
		return 0.25
	}
	p := float64(right+1) / float64(n+2)
	return p * (1 - p) / float64(n)
}

// check refuses observations that no model could use.
func check(obs []Observation, dim int) error {
	if dim < 1 || dim > MaxDim {
		return fmt.Errorf("bayes: dimension %d is not in 1..%d", dim, MaxDim)
	}
	for i, o := range obs {
		if len(o.Z) != dim {
			return fmt.Errorf("bayes: observation %d has %d coordinates, want %d", i, len(o.Z), dim)
		}
		for j, z := range o.Z {
			if !(z >= -1 && z <= 1) {
				return fmt.Errorf("bayes: observation %d: coordinate %d is %v, outside [-1,1]", i, j, z)
			}
		}
		if math.IsNaN(o.Y) || math.IsInf(o.Y, 0) {
			return fmt.Errorf("bayes: observation %d: value %v is not finite", i, o.Y)
		}
		if !(o.Var >= 0) || math.IsInf(o.Var, 0) {
			return fmt.Errorf("bayes: observation %d: variance %v is negative or not finite", i, o.Var)
		}
	}
	return nil
}

// data are observations in the model's own units.
type data struct {
	n, d   int
	space  Space     // nil = all of the box
	x      []float64 // [n,d] in [0,1]
	y      []float64 // [n] standardised
	noise  []float64 // [n] known variance over the square of scale
	centre float64   // y = (Y - centre)/scale
	scale  float64
}

// standardise maps the box to [0,1]^d and values to mean 0 and variance 1 (a constant set of values is only centred).
func standardise(obs []Observation, dim int) *data { return (Space)(nil).standardise(obs, dim) }

func (s Space) standardise(obs []Observation, dim int) *data {
	t := &data{d: dim, space: s, scale: 1}
	for _, o := range obs {
		t.centre += o.Y / float64(len(obs))
	}
	var squares float64
	for _, o := range obs {
		squares += float64((o.Y - t.centre) * (o.Y - t.centre))
	}
	if n := len(obs); n > 1 {
		if sd := math.Sqrt(squares / float64(n-1)); sd > 1e-12*math.Max(1, math.Abs(t.centre)) {
			t.scale = sd
		}
	}
	return t.with(obs)
}

// with returns t and more observations, in the same units.
func (t *data) with(obs []Observation) *data {
	out := *t
	out.n += len(obs)
	out.x = append(make([]float64, 0, out.n*t.d), t.x...)
	out.y = append(make([]float64, 0, out.n), t.y...)
	out.noise = append(make([]float64, 0, out.n), t.noise...)
	for _, o := range obs {
		for _, z := range o.Z {
			out.x = append(out.x, (z+1)/2)
		}
		out.y = append(out.y, (o.Y-t.centre)/t.scale)
		out.noise = append(out.noise, o.Var/(t.scale*t.scale))
	}
	return &out
}

// point is the i-th point, in [0,1]^d.
func (t *data) point(i int) []float64 { return t.x[i*t.d : (i+1)*t.d] }

// known says that the values came with variances. One without may be among them, such as a point whose value is 0 by definition.
func (t *data) known() bool {
	for _, v := range t.noise {
		if v > 0 {
			return true
		}
	}
	return false
}
