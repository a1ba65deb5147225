package gguf

import (
	"encoding/binary"
	"math"
	"strings"

	"slm/checkpoint"
	"slm/model"
	"slm/model/kernel"
)

// types are the names of the mixes, the exact one first.
var types = []string{"f32", "f16", "q8_0", "q4_k_m"}

// mix says which types a file's matrices are written in.
type mix struct {
	number uint32 // general.file_type
	matrix Type
	better Type // of the matrices that lose most, as llama.cpp has it; F32 = no others
}

// mixes are those that can be written, by name.
var mixes = map[string]mix{
	"f32":    {0, F32, F32},
	"f16":    {1, F16, F32},
	"q8_0":   {7, Q8_0, F32},
	"q4_k_m": {15, Q4_K, Q6_K},
}

// instead are the types of small blocks, for rows that are no whole blocks of 256.
var instead = map[Type]Type{Q4_K: Q5_0, Q6_K: Q8_0}

// of is the type of a tensor: vectors stay exact, and a matrix whose rows are no whole blocks is of halves, as with llama.cpp.
func (m mix) of(t checkpoint.Tensor, c model.Config) Type {
	if len(t.Shape) < 2 {
		return F32
	}
	typ := m.matrix
	if m.better != F32 && sensitive(toGGUF.Replace(t.Name), c) {
		typ = m.better
	}
	for typ != F16 && t.Shape[1]%kinds[typ].values != 0 {
		if small, ok := instead[typ]; ok {
			typ = small
		} else {
			typ = F16
		}
	}
	return typ
}

// sensitive says which matrices get more bits in llama.cpp's mixes _M: the head, and values and the MLP's way back in the first and the last eighth
// of the layers and in every third between them.
func sensitive(name string, c model.Config) bool {
	if name == "output.weight" || name == "token_embd.weight" && c.Tied {
		return true
	}
	layer, part, _ := strings.Cut(strings.TrimPrefix(name, "blk."), ".")
	if part != "attn_v.weight" && part != "ffn_down.weight" {
		return false
	}
	n, i := c.Layers, 0
	for _, digit := range layer {
		i = 10*i + int(digit-'0')
	}
	return i < n/8 || i >= 7*n/8 || (i-n/8)%3 == 2
}

// quantise appends a row of whole blocks in a type that can be written. Blocks of Q8_0 are those of ggml's reference code, bit for bit.
func quantise(t Type, out []byte, row []float32) []byte {
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
