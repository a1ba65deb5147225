package kernel

import "math"

// Rotary holds the cosines and sines of rotary positions (Su et al. 2021, eq. 34): pair i of a head is rotated by position·theta^(-2i/hd).
type Rotary struct {
	cos, sin []float32 // [positions, hd/2]
	half     int
}

// NewRotary tabulates positions 0 … positions-1.
func NewRotary(positions, headDim int, theta float64) *Rotary {
	half := headDim / 2
	r := &Rotary{cos: make([]float32, positions*half), sin: make([]float32, positions*half), half: half}
	for p := range positions {
		for i := range half {
			angle := float64(p) * math.Pow(theta, -2*float64(i)/float64(headDim))
			r.cos[p*half+i], r.sin[p*half+i] = float32(math.Cos(angle)), float32(math.Sin(angle))
		}
	}
	return r
}

// Cos returns the cosines of one position, [hd/2].
func (r *Rotary) Cos(position int) []float32 { return r.cos[position*r.half : (position+1)*r.half] }

// Sin returns the sines of one position, [hd/2].
func (r *Rotary) Sin(position int) []float32 { return r.sin[position*r.half : (position+1)*r.half] }
