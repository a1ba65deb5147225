package bayes

import (
	"fmt"
	"math"
)

// Dim is a coordinate of a space. The zero value is continuous, all of [-1,1].
type Dim struct {
	Levels  int  // ≥ 2: that many values at even distances from -1 to 1
	Nominal bool // the levels have no order: two points have the same one or not
}

// Space is a box with coordinates that may be continuous, ordinal or nominal. A point of it is a point of [-1,1]^d on all its levels.
type Space []Dim

// Level is which value of a coordinate z stands for: z in [-1,1] is cut into equal shares, and each level's own value lies in its share.
func (d Dim) Level(z float64) int {
	return max(0, min(d.Levels-1, int((z+1)/2*float64(d.Levels))))
}

// At is the value of a level.
func (d Dim) At(level int) float64 { return 2*float64(level)/float64(d.Levels-1) - 1 }

// Snap moves a point of [-1,1]^d onto the levels of the space, in place, and returns it.
func (s Space) Snap(z []float64) []float64 {
	for j, d := range s {
		if d.Levels > 0 {
			z[j] = d.At(d.Level(z[j]))
		}
	}
	return z
}

// snap is Snap in the box [0,1]^d.
func (s Space) snap(x []float64) []float64 {
	for j, d := range s {
		if d.Levels > 0 {
			x[j] = (d.At(d.Level(2*x[j]-1)) + 1) / 2
		}
	}
	return x
}

// nominal marks the coordinates without order; nil if there are none.
func (s Space) nominal() (marks []bool) {
	for j, d := range s {
		if d.Nominal {
			if marks == nil {
				marks = make([]bool, len(s))
			}
			marks[j] = true
		}
	}
	return marks
}

// check refuses a space that is none, and observations between its levels.
func (s Space) check(obs []Observation, dim int) error {
	if s == nil {
		return nil
	}
	if len(s) != dim {
		return fmt.Errorf("bayes: the space has %d coordinates, want %d", len(s), dim)
	}
	for j, d := range s {
		if d.Levels < 0 || d.Levels == 1 || d.Nominal && d.Levels == 0 {
			return fmt.Errorf("bayes: coordinate %d has %d levels", j, d.Levels)
		}
	}
	for i, o := range obs {
		for j, d := range s {
			if d.Levels > 0 && math.Abs(o.Z[j]-d.At(d.Level(o.Z[j]))) > distinct {
				return fmt.Errorf("bayes: observation %d: coordinate %d is %v, between the levels", i, j, o.Z[j])
			}
		}
	}
	return nil
}
