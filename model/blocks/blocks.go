// Package blocks has the types of numbers that ggml keeps weights in: floats, and blocks of small whole numbers that share their scales.
package blocks

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
	F32    Type = 0
	F16    Type = 1
	Q4_0   Type = 2
	Q4_1   Type = 3
	Q5_0   Type = 6
	Q5_1   Type = 7
	Q8_0   Type = 8
	Q2_K   Type = 10
	Q3_K   Type = 11
	Q4_K   Type = 12
	Q5_K   Type = 13
	Q6_K   Type = 14
	IQ4_NL Type = 20
	IQ4_XS Type = 23
	BF16   Type = 30
	MXFP4  Type = 39
)

// kind is how values of a type stand in a file: blocks of values, each of so many bytes, and the float32 that they are. widen reads one block.
type kind struct {
	name          string
	values, bytes int // 0, 0: cannot be read
	widen         func(out []float32, block []byte)
}

const (
	small = 32  // values of a block that has a scale of its own
	super = 256 // values of a block whose parts have scales of their own
)

// kinds lists the types. Error messages need the names of those, too, that cannot be read.
var kinds = map[Type]kind{
	F32: {"F32", 1, 4, func(out []float32, in []byte) { out[0] = math.Float32frombits(binary.LittleEndian.Uint32(in)) }},
	F16: {"F16", 1, 2, func(out []float32, in []byte) { out[0] = half(in) }},
	BF16: {"BF16", 1, 2, func(out []float32, in []byte) {
		out[0] = math.Float32frombits(uint32(binary.LittleEndian.Uint16(in)) << 16)
	}},
	Q4_0:   {"Q4_0", small, 18, widenQ40},
	Q4_1:   {"Q4_1", small, 20, widenQ41},
	Q5_0:   {"Q5_0", small, 22, widenQ50},
	Q5_1:   {"Q5_1", small, 24, widenQ51},
	Q8_0:   {"Q8_0", small, 34, widenQ80},
	Q2_K:   {"Q2_K", super, 84, widenQ2K},
	Q3_K:   {"Q3_K", super, 110, widenQ3K},
	Q4_K:   {"Q4_K", super, 144, widenQ4K},
	Q5_K:   {"Q5_K", super, 176, widenQ5K},
	Q6_K:   {"Q6_K", super, 210, widenQ6K},
	IQ4_NL: {"IQ4_NL", small, 18, widenIQ4NL},
	IQ4_XS: {"IQ4_XS", super, 136, widenIQ4XS},
	MXFP4:  {"MXFP4", small, 17, widenMXFP4},

	9: {name: "Q8_1"}, 15: {name: "Q8_K"}, 16: {name: "IQ2_XXS"}, 17: {name: "IQ2_XS"}, 18: {name: "IQ3_XXS"}, 19: {name: "IQ1_S"},
	21: {name: "IQ3_S"}, 22: {name: "IQ2_S"}, 24: {name: "I8"}, 25: {name: "I16"}, 26: {name: "I32"}, 27: {name: "I64"}, 28: {name: "F64"},
	29: {name: "IQ1_M"}, 34: {name: "TQ1_0"}, 35: {name: "TQ2_0"}, 40: {name: "NVFP4"},
}

func (t Type) String() string {
	if k, ok := kinds[t]; ok {
		return k.name
	}
	return fmt.Sprintf("type %d", uint32(t))
}

// Size is how many values a block of the type has, and of how many bytes it is; 0, 0 = the type cannot be read.
func (t Type) Size() (values, bytes int) {
	k := kinds[t]
	return k.values, k.bytes
}

// Readable lists the types that can be read, for messages.
const Readable = "F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q2_K to Q6_K, IQ4_NL, IQ4_XS, MXFP4"

// Dequantise writes len(out) values; in holds whole blocks of a readable type, exactly as many as needed. The values are those of ggml's
// dequantize_row functions, every product and sum rounded by itself.
func Dequantise(t Type, out []float32, in []byte) {
	k := kinds[t]
	for ; len(out) > 0; out, in = out[k.values:], in[k.bytes:] {
		k.widen(out[:k.values], in[:k.bytes])
	}
}

// half reads a number of 16 bits.
func half(in []byte) float32 { return kernel.FromHalf(binary.LittleEndian.Uint16(in)) }

// times is a product that is rounded before anything is added to it: the conversion keeps the compiler from fusing, which would differ between processors.
func times(a, b float32) float32 { return float32(a * b) }
