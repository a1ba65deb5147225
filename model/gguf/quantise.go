package gguf

import (
	"encoding/binary"
	"math"

	"slm/checkpoint"
	"slm/model"
	"slm/model/kernel"
)

// types are the names of the mixes, the exact one first.
var types = []string{"f32", "f16", "q8_0"}

// mix says which types a file's matrices are written in.
type mix struct {
	number uint32 // general.file_type
	matrix Type
}

// mixes are those that can be written, by name.
var mixes = map[string]mix{
	"f32":  {0, F32},
	"f16":  {1, F16},
	"q8_0": {7, Q8_0},
}

// of is the type of a tensor: vectors stay exact, and a matrix whose rows are no whole blocks is of halves, as with llama.cpp.
func (m mix) of(t checkpoint.Tensor, c model.Config) Type {
	if len(t.Shape) < 2 {
		return F32
	}
	if t.Shape[1]%kinds[m.matrix].values != 0 {
		return F16
	}
	return m.matrix
}

// quantise appends a row of whole blocks in a type that can be written. Blocks are those of ggml's reference code, bit for bit.
func quantise(t Type, out []byte, row []float32) []byte {
	switch t {
	case F32:
		for _, v := range row {
			out = binary.LittleEndian.AppendUint32(out, math.Float32bits(v))
		}
	case F16:
		for _, v := range row {
			out = binary.LittleEndian.AppendUint16(out, kernel.ToHalf(v))
		}
	case Q8_0:
		for ; len(row) > 0; row = row[small:] {
			most := float32(0)
			for _, v := range row[:small] {
				most = max(most, float32(math.Abs(float64(v))))
			}
			scale, inverse := most/127, float32(0)
			if scale != 0 {
				inverse = 1 / scale
			}
			out = binary.LittleEndian.AppendUint16(out, kernel.ToHalf(scale))
			for _, v := range row[:small] {
				out = append(out, byte(int8(math.Round(float64(v*inverse)))))
			}
		}
	}
	return out
}
