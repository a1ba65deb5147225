package gguf

import (
	"encoding/binary"
	"fmt"
	"math"

	"slm/model/kernel"
)

// Type is a tensor's element type, by its number in the file.
type Type uint32

// The element types that can be read.
const (
	F32  Type = 0
	F16  Type = 1
	Q4_0 Type = 2
	Q4_1 Type = 3
	Q8_0 Type = 8
	BF16 Type = 30
)

// typeNames serves error messages: also what cannot be read has a name.
var typeNames = map[Type]string{
	F32: "F32", F16: "F16", Q4_0: "Q4_0", Q4_1: "Q4_1", 6: "Q5_0", 7: "Q5_1", Q8_0: "Q8_0", 9: "Q8_1", 10: "Q2_K", 11: "Q3_K", 12: "Q4_K",
	13: "Q5_K", 14: "Q6_K", 15: "Q8_K", 16: "IQ2_XXS", 17: "IQ2_XS", 18: "IQ3_XXS", 19: "IQ1_S", 20: "IQ4_NL", 21: "IQ3_S", 22: "IQ2_S",
	23: "IQ4_XS", 24: "I8", 25: "I16", 26: "I32", 27: "I64", 28: "F64", 29: "IQ1_M", BF16: "BF16", 34: "TQ1_0", 35: "TQ2_0", 39: "MXFP4",
}

func (t Type) String() string {
	if name, ok := typeNames[t]; ok {
		return name
	}
	return fmt.Sprintf("type %d", uint32(t))
}

// quantBlock is the number of values that share a scale.
const quantBlock = 32

// block is the number of values in a block and of the bytes it takes; 0, 0 for a type that cannot be read.
func (t Type) block() (values, bytes int) {
	switch t {
	case F32:
		return 1, 4
	case F16, BF16:
		return 1, 2
	case Q8_0:
		return quantBlock, 2 + quantBlock // scale f16, then int8
	case Q4_0:
		return quantBlock, 2 + quantBlock/2 // scale f16, then nibbles
	case Q4_1:
		return quantBlock, 4 + quantBlock/2 // scale f16, minimum f16, then nibbles
	}
	return 0, 0
}

// dequantise writes len(out) values; in holds whole blocks of a readable type, exactly as many as needed.
//
// In the 4-bit types byte j of a block holds value j in its low and value j+16 in its high nibble.
func dequantise(t Type, out []float32, in []byte) {
	switch t {
	case F32:
		for i := range out {
			out[i] = math.Float32frombits(binary.LittleEndian.Uint32(in[4*i:]))
		}
	case F16:
		for i := range out {
			out[i] = kernel.FromHalf(binary.LittleEndian.Uint16(in[2*i:]))
		}
	case BF16:
		for i := range out {
			out[i] = math.Float32frombits(uint32(binary.LittleEndian.Uint16(in[2*i:])) << 16)
		}
	case Q8_0:
		for ; len(out) > 0; out, in = out[quantBlock:], in[2+quantBlock:] {
			scale := kernel.FromHalf(binary.LittleEndian.Uint16(in))
			for j, q := range in[2 : 2+quantBlock] {
				out[j] = scale * float32(int8(q))
			}
		}
	case Q4_0:
		for ; len(out) > 0; out, in = out[quantBlock:], in[2+quantBlock/2:] {
			scale := kernel.FromHalf(binary.LittleEndian.Uint16(in))
			for j, q := range in[2 : 2+quantBlock/2] {
				out[j] = scale * float32(int(q&15)-8)
				out[j+quantBlock/2] = scale * float32(int(q>>4)-8)
			}
		}
	case Q4_1:
		for ; len(out) > 0; out, in = out[quantBlock:], in[4+quantBlock/2:] {
			scale, least := kernel.FromHalf(binary.LittleEndian.Uint16(in)), kernel.FromHalf(binary.LittleEndian.Uint16(in[2:]))
			for j, q := range in[4 : 4+quantBlock/2] {
				// The conversion keeps the compiler from fusing product and sum, which would differ between processors.
				out[j] = float32(scale*float32(q&15)) + least
				out[j+quantBlock/2] = float32(scale*float32(q>>4)) + least
			}
		}
	}
}
