package blocks

import (
	"encoding/binary"
	"math"
)

// Types of 4 bits whose values are looked up. Byte j of 16 holds value j in its lower and value j+16 in its upper half.

// uneven are the steps of IQ4_NL and IQ4_XS, which lie closer around 0.
var uneven = [16]float32{-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113}

// doubled are the values of a float of 4 bits (E2M1; Open Compute Project, Microscaling Formats 1.0, §5.3.3), twice as large so that they are whole.
var doubled = [16]float32{0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12}

func lookUp(out []float32, in []byte, scale float32, table *[16]float32) {
	for j, q := range in {
		out[j] = scale * table[q&15]
		out[j+small/2] = scale * table[q>>4]
	}
}

// widenIQ4NL: scale, then 4 bits a value.
func widenIQ4NL(out []float32, in []byte) { lookUp(out, in[2:], half(in), &uneven) }

// widenIQ4XS: scale, the upper 2 bits of eight parts' scales, their lower 4, then 4 bits a value.
func widenIQ4XS(out []float32, in []byte) {
	scale, upper, lower := half(in), binary.LittleEndian.Uint16(in[2:]), in[4:8]
	for part := range super / small {
		own := int(lower[part/2]>>(part%2*4)&15) | int(upper>>(2*part)&3)<<4
		lookUp(out[part*small:][:small], in[8+part*small/2:][:small/2], scale*float32(own-32), &uneven)
	}
}

// widenMXFP4: the scale's exponent (E8M0), then 4 bits a value. The scale is half of the exponent's, because the table is of doubled values.
func widenMXFP4(out []float32, in []byte) {
	bits := uint32(1<<21) << in[0] // 2^-128 and 2^-127 are subnormal
	if in[0] >= 2 {
		bits = uint32(in[0]-1) << 23
	}
	lookUp(out, in[1:], math.Float32frombits(bits), &doubled)
}
