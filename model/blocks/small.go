package blocks

import "encoding/binary"

// Blocks of 32 values that share a scale, a half. Of 4 bits, byte j holds value j in its lower and value j+16 in its upper half.

// widenQ80: scale, then signed bytes.
func widenQ80(out []float32, in []byte) {
	scale := half(in)
	for j, q := range in[2:] {
		out[j] = scale * float32(int8(q))
	}
}

// widenQ40: scale, then 4 bits a value, less 8.
func widenQ40(out []float32, in []byte) {
	scale := half(in)
	for j, q := range in[2:] {
		out[j] = scale * float32(int(q&15)-8)
		out[j+small/2] = scale * float32(int(q>>4)-8)
	}
}

// widenQ41: scale, least, then 4 bits a value.
func widenQ41(out []float32, in []byte) {
	scale, least := half(in), half(in[2:])
	for j, q := range in[4:] {
		out[j] = times(scale, float32(q&15)) + least
		out[j+small/2] = times(scale, float32(q>>4)) + least
	}
}

// widenQ50: scale, the fifth bits, then 4 bits a value; less 16.
func widenQ50(out []float32, in []byte) {
	scale, fifth := half(in), binary.LittleEndian.Uint32(in[2:])
	for j, q := range in[6:] {
		out[j] = scale * float32(int(q&15|byte(fifth>>j&1<<4))-16)
		out[j+small/2] = scale * float32(int(q>>4|byte(fifth>>(j+small/2)&1<<4))-16)
	}
}

// widenQ51: scale, least, the fifth bits, then 4 bits a value.
func widenQ51(out []float32, in []byte) {
	scale, least, fifth := half(in), half(in[2:]), binary.LittleEndian.Uint32(in[4:])
	for j, q := range in[8:] {
		out[j] = times(scale, float32(q&15|byte(fifth>>j&1<<4))) + least
		out[j+small/2] = times(scale, float32(q>>4|byte(fifth>>(j+small/2)&1<<4))) + least
	}
}
