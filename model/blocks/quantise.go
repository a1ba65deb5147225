package blocks

import (
	"encoding/binary"
	"math"

	"slm/model/kernel"
)

// Quantise appends a row of whole blocks in a type that can be written. Blocks of Q8_0 are those of ggml's reference code, bit for bit.
func Quantise(t Type, out []byte, row []float32) []byte {
	if write := blockWriters[t]; write != nil {
		for n := kinds[t].values; len(row) > 0; row = row[n:] {
			out = write(out, row[:n])
		}
		return out
	}
	for _, v := range row {
		if t == F16 {
			out = binary.LittleEndian.AppendUint16(out, kernel.ToHalf(v))
		} else {
			out = binary.LittleEndian.AppendUint32(out, math.Float32bits(v))
		}
	}
	return out
}

// blockWriters append a block of a type.
var blockWriters = map[Type]func(out []byte, x []float32) []byte{Q5_0: writeQ50, Q8_0: writeQ80, Q4_K: writeQ4K, Q6_K: writeQ6K}

// writeQ80 is widenQ80 the other way round.
func writeQ80(out []byte, x []float32) []byte {
	most := float32(0)
	for _, v := range x {
		most = max(most, float32(math.Abs(float64(v))))
	}
	scale, inverse := most/127, float32(0)
	if scale != 0 {
		inverse = 1 / scale
	}
	out = binary.LittleEndian.AppendUint16(out, kernel.ToHalf(scale))
	for _, v := range x {
		out = append(out, byte(int8(math.Round(float64(v*inverse)))))
	}
	return out
}
