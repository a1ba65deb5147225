package kernel

import (
	"math"
	"slices"
	"sync"
)

// bf16 is the upper half of a float32, held in a uint16.

// ToBF16 rounds to the nearest bf16, ties to even. NaN stays a quiet NaN, denormals are kept.
func ToBF16(dst []uint16, src []float32) {
	sameLen("ToBF16", len(dst), len(src))
	cpu.toBF16(dst, src)
}

// FromBF16 widens, which is exact.
func FromBF16(dst []float32, src []uint16) {
	sameLen("FromBF16", len(dst), len(src))
	cpu.fromBF16(dst, src)
}

// RoundBF16 rounds each number to the nearest bf16, as ToBF16 does, and stays in float32. A zero becomes +0, also where a negative number is too small.
func RoundBF16(x []float32) {
	h := roundRoom.Get().(*[]uint16) // nothing else is in there
	defer roundRoom.Put(h)
	for part := range slices.Chunk(x, len(*h)) {
		half := (*h)[:len(part)]
		ToBF16(half, part)
		FromBF16(part, half)
		AddTo(part, roundZeros[:len(part)])
	}
}

// roundNumbers are rounded at a time: they stay in the cache.
const roundNumbers = 1 << 10

var (
	roundRoom  = sync.Pool{New: func() any { h := make([]uint16, roundNumbers); return &h }}
	roundZeros [roundNumbers]float32
)

// ScaleBF16 multiplies x by a and rounds.
func ScaleBF16(x []uint16, a float32) {
	cpu.scaleBF16(x, a)
}

func scaleBF16Go(x []uint16, a float32) {
	for i, v := range x {
		x[i] = roundBF16(widenBF16(v) * a)
	}
}

func toBF16Go(dst []uint16, src []float32) {
	for i, v := range src {
		dst[i] = roundBF16(v)
	}
}

func fromBF16Go(dst []float32, src []uint16) {
	for i, v := range src {
		dst[i] = widenBF16(v)
	}
}

func roundBF16(v float32) uint16 {
	b := math.Float32bits(v)
	if v != v {
		return uint16(b>>16) | 0x40
	}
	return uint16((b + 0x7fff + b>>16&1) >> 16)
}

func widenBF16(v uint16) float32 { return math.Float32frombits(uint32(v) << 16) }
