package kernel

import "slm/internal/elementary"

// Rotary holds the cosines and sines of rotary positions (Su et al. 2021, eq. 34): pair i of a head is rotated by position·theta^(-2i/hd).
type Rotary struct {
	cos, sin []float32 // [positions, hd/2]
	half     int
}

// NewRotary tabulates positions 0 … positions-1 at the frequencies that theta gives.
func NewRotary(positions, headDim int, theta float64) *Rotary {
	return NewRotaryAt(0, positions, RotaryFrequencies(headDim, theta))
}

// RotaryFrequencies are theta^(-2i/hd), of the pairs of a head.
func RotaryFrequencies(headDim int, theta float64) []float64 {
	f := make([]float64, headDim/2)
	for i := range f {
		f[i] = elementary.Pow(theta, -2*float64(i)/float64(headDim))
	}
	return f
}

// NewRotaryAt tabulates the positions first … first+positions-1 at a frequency for each pair; Cos and Sin count from first.
func NewRotaryAt(first, positions int, frequencies []float64) *Rotary {
	half := len(frequencies)
	r := &Rotary{cos: make([]float32, positions*half), sin: make([]float32, positions*half), half: half}
	for p := range positions {
		for i, f := range frequencies {
			angle := float64(first+p) * f
			sin, cos := elementary.Sincos(angle)
			r.cos[p*half+i], r.sin[p*half+i] = float32(cos), float32(sin)
		}
	}
	return r
}

// Cos returns the cosines of one position, [hd/2].
func (r *Rotary) Cos(position int) []float32 { return r.cos[position*r.half : (position+1)*r.half] }

// Sin returns the sines of one position, [hd/2].
func (r *Rotary) Sin(position int) []float32 { return r.sin[position*r.half : (position+1)*r.half] }
