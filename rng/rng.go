// Package rng gives counter-based random streams: every number is a pure function of (seed, labels, index, counter), never of
// shared state. So a stage resumes by seeking, thread count changes nothing, and trial i of a search can be drawn alone.
//
// The generator is SplitMix64 (Steele, Lea & Flood 2014) keyed by a hash of the labels. It is not for cryptography.
package rng

import (
	"math"

	"slm/internal/elementary"
)

const gamma = 0x9e3779b97f4a7c15 // 2^64 / golden ratio, odd

// Stream is one independent sequence. The zero value is the stream of seed 0 without labels. It is not safe for concurrent use;
// derive one stream per goroutine with At.
type Stream struct {
	key, counter uint64
	spare        float64 // second deviate of the last polar draw
	hasSpare     bool
}

// New returns the stream that belongs to a seed and a path of labels, such as ("dp", "order").
func New(seed uint64, labels ...string) *Stream {
	key := mix(seed + gamma)
	for _, label := range labels {
		key = mix(key ^ hash(label))
	}
	return &Stream{key: key}
}

// At returns the sub-stream of an index in constant time, whatever has been drawn from s so far.
func (s *Stream) At(index uint64) *Stream { return &Stream{key: mix(s.key ^ mix(index+gamma))} }

// Uint64 returns 64 uniform bits.
func (s *Stream) Uint64() uint64 {
	s.counter++
	return mix(s.key + s.counter*gamma)
}

// Float64 returns a uniform number in [0,1) with 53 random bits.
func (s *Stream) Float64() float64 { return float64(float64(s.Uint64()>>11) * 0x1p-53) }

// IntN returns a uniform integer in [0,n), without modulo bias. It returns 0 when n < 1.
func (s *Stream) IntN(n int) int {
	if n < 1 {
		return 0
	}
	bound := uint64(n)
	limit := math.MaxUint64 - math.MaxUint64%bound
	for {
		if x := s.Uint64(); x < limit {
			return int(x % bound)
		}
	}
}

// Norm returns a standard normal deviate (Marsaglia's polar method).
func (s *Stream) Norm() float64 {
	if s.hasSpare {
		s.hasSpare = false
		return s.spare
	}
	for {
		u, v := float64(2*s.Float64())-1, float64(2*s.Float64())-1
		q := float64(u*u) + float64(v*v)
		if q == 0 || q >= 1 {
			continue
		}
		f := math.Sqrt(-2 * elementary.Log(q) / q)
		s.spare, s.hasSpare = v*f, true
		return u * f
	}
}

// Perm returns a uniform permutation of 0..n-1.
func (s *Stream) Perm(n int) []int {
	p := make([]int, n)
	for i := range p {
		p[i] = i
	}
	s.Shuffle(n, func(i, j int) { p[i], p[j] = p[j], p[i] })
	return p
}

// Shuffle permutes n elements by Fisher and Yates' method.
func (s *Stream) Shuffle(n int, swap func(i, j int)) {
	for i := n - 1; i > 0; i-- {
		swap(i, s.IntN(i+1))
	}
}

// mix is SplitMix64's finaliser.
func mix(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// hash is FNV-1a over the label's bytes and its length, so that ("ab","c") and ("a","bc") differ.
func hash(label string) uint64 {
	h := uint64(0xcbf29ce484222325)
	for i := 0; i < len(label); i++ {
		h = (h ^ uint64(label[i])) * 0x100000001b3
	}
	return (h ^ uint64(len(label))) * 0x100000001b3
}
