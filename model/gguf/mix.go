package gguf

import (
	"strings"

	"slm/checkpoint"
	"slm/model"
	"slm/model/blocks"
)

// types are the names of the mixes, the exact one first.
var types = []string{"f32", "f16", "q8_0", "q4_k_m"}

// mix says which types a file's matrices are written in.
type mix struct {
	number uint32 // general.file_type
	matrix blocks.Type
	better blocks.Type // of the matrices that lose most, as llama.cpp has it; F32 = no others
}

// mixes are those that can be written, by name.
var mixes = map[string]mix{
	"f32":    {0, blocks.F32, blocks.F32},
	"f16":    {1, blocks.F16, blocks.F32},
	"q8_0":   {7, blocks.Q8_0, blocks.F32},
	"q4_k_m": {15, blocks.Q4_K, blocks.Q6_K},
}

// instead are the types of small blocks, for rows that are no whole blocks of 256.
var instead = map[blocks.Type]blocks.Type{blocks.Q4_K: blocks.Q5_0, blocks.Q6_K: blocks.Q8_0}

// of is the type of a tensor: vectors stay exact, and a matrix whose rows are no whole blocks is of halves, as with llama.cpp.
func (m mix) of(t checkpoint.Tensor, c model.Config) blocks.Type {
	if len(t.Shape) < 2 {
		return blocks.F32
	}
	typ := m.matrix
	if m.better != blocks.F32 && sensitive(toGGUF.Replace(t.Name), c) {
		typ = m.better
	}
	for {
		values, _ := typ.Size()
		if t.Shape[1]%values == 0 {
			return typ
		}
		small, ok := instead[typ]
		if !ok {
			return blocks.F16
		}
		typ = small
	}
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
