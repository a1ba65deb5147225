// Package sobol gives the Sobol sequence: points that fill a box more evenly than random ones, plain or scrambled.
//
// It knows nothing of what is searched for; optim/bayes begins its searches with it.
package sobol

import (
	"fmt"

	"slm/rng"
)

// MaxDim is the largest dimension that the table of direction numbers covers.
const MaxDim = 21

// directions holds, for dimension 2 on, the degree s and the inner coefficients a of a primitive polynomial and the first s
// direction integers m. They are the numbers of Joe & Kuo, "Constructing Sobol sequences with better two-dimensional
// projections" (SIAM J. Sci. Comput. 30, 2008), table new-joe-kuo-6.21201.
var directions = [MaxDim - 1]struct {
	s int
	a uint32
	m [7]uint32
}{
	{1, 0, [7]uint32{1}},
	{2, 1, [7]uint32{1, 3}},
	{3, 1, [7]uint32{1, 3, 1}},
	{3, 2, [7]uint32{1, 1, 1}},
	{4, 1, [7]uint32{1, 1, 3, 3}},
	{4, 4, [7]uint32{1, 3, 5, 13}},
	{5, 2, [7]uint32{1, 1, 5, 5, 17}},
	{5, 4, [7]uint32{1, 1, 5, 5, 5}},
	{5, 7, [7]uint32{1, 1, 7, 11, 19}},
	{5, 11, [7]uint32{1, 1, 5, 1, 1}},
	{5, 13, [7]uint32{1, 1, 1, 3, 11}},
	{5, 14, [7]uint32{1, 3, 5, 5, 31}},
	{6, 1, [7]uint32{1, 3, 3, 9, 7, 49}},
	{6, 13, [7]uint32{1, 1, 1, 15, 21, 21}},
	{6, 16, [7]uint32{1, 3, 1, 13, 27, 49}},
	{6, 19, [7]uint32{1, 1, 1, 15, 7, 5}},
	{6, 22, [7]uint32{1, 3, 1, 15, 13, 25}},
	{6, 25, [7]uint32{1, 1, 5, 5, 19, 61}},
	{7, 1, [7]uint32{1, 3, 7, 11, 23, 15, 103}},
	{7, 4, [7]uint32{1, 3, 7, 13, 13, 15, 69}},
}

// Sequence is a low-discrepancy sequence in [0,1)^d, in Gray-code order. A point is a function of its index alone.
type Sequence struct {
	vectors [][32]uint32 // [d] direction vectors, most significant bit first
	seeds   []uint64     // [d] keys of the scrambling; nil for the plain sequence
}

// New returns the sequence of a dimension. With a stream it is scrambled as Owen (1995) does: each bit of a coordinate is
// flipped by a fair coin that depends on all bits above it, so that every point is uniform and the set keeps its balance. With a
// nil stream it is the plain sequence, whose point 0 is the origin.
func New(dim int, stream *rng.Stream) (*Sequence, error) {
	if dim < 1 || dim > MaxDim {
		return nil, fmt.Errorf("sobol: dimension %d is not in 1..%d", dim, MaxDim)
	}
	s := &Sequence{vectors: make([][32]uint32, dim)}
	for k := range 32 {
		s.vectors[0][k] = 1 << (31 - k)
	}
	for d := 1; d < dim; d++ {
		s.vectors[d] = expand(d)
	}
	if stream != nil {
		s.seeds = make([]uint64, dim)
		for d := range s.seeds {
			s.seeds[d] = stream.At(uint64(d)).Uint64()
		}
	}
	return s, nil
}

// expand runs the recurrence of dimension d (0-based, at least 1) to 32 direction vectors.
func expand(d int) (v [32]uint32) {
	p := directions[d-1]
	for k := range p.s {
		v[k] = p.m[k] << (31 - k)
	}
	for k := p.s; k < 32; k++ {
		v[k] = v[k-p.s] ^ v[k-p.s]>>p.s
		for j := 1; j < p.s; j++ {
			if p.a>>(p.s-1-j)&1 == 1 {
				v[k] ^= v[k-j]
			}
		}
	}
	return v
}

// Point writes point index into dst, whose length is at most the dimension, and returns it.
func (s *Sequence) Point(index uint32, dst []float64) []float64 {
	gray := index ^ index>>1
	for d := range dst {
		var x uint32
		for k := 0; gray>>k != 0; k++ {
			if gray>>k&1 == 1 {
				x ^= s.vectors[d][k]
			}
		}
		if s.seeds != nil {
			x = scramble(x, s.seeds[d])
		}
		dst[d] = float64(x) / (1 << 32)
	}
	return dst
}

// scramble flips each bit by a coin that is a function of the seed, the bit's place and the bits above it.
func scramble(x uint32, seed uint64) uint32 {
	out := x
	for bit := 31; bit >= 0; bit-- {
		above := uint64(x) >> (bit + 1)
		h := seed ^ (above<<6|uint64(bit))*0x9e3779b97f4a7c15
		h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
		h = (h ^ h>>27) * 0x94d049bb133111eb
		out ^= uint32(h>>63) << bit
	}
	return out
}
