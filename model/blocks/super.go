package blocks

// Blocks of 256 values in parts of 16 or 32, each with a scale of its own in few bits; the block's scale, a half, multiplies them. Values of a
// part lie beside those of other parts: byte l of 32 holds value l of several parts, in 2, 4 or 1 of its bits.

// widenQ2K: 16 parts' scales and leasts in 4 bits each, 2 bits a value, scale, least's scale.
func widenQ2K(out []float32, in []byte) {
	own, quants, scale, least := in[:16], in[16:80], half(in[80:]), half(in[82:])
	for part, s := range own {
		d, m := scale*float32(s&15), times(least, float32(s>>4))
		q := quants[part/8*32+part%2*16:]
		shift := part % 8 / 2 * 2
		for l := range 16 {
			out[part*16+l] = times(d, float32(q[l]>>shift&3)) - m
		}
	}
}

// widenQ3K: the third bits, the lower 2 bits a value, 16 parts' scales in 6 bits each, scale. A third bit that is not set takes 4 off.
func widenQ3K(out []float32, in []byte) {
	third, quants, packed, scale := in[:32], in[32:96], in[96:108], half(in[108:])
	for part := range super / 16 {
		own := packed[part%8]>>(part/8*4)&15 | packed[8+part%4]>>(part/4*2)&3<<4
		d := scale * float32(int(own)-32)
		q, bits := quants[part/8*32+part%2*16:], third[part%2*16:]
		shift := part % 8 / 2 * 2
		for l := range 16 {
			v := int(q[l] >> shift & 3)
			if bits[l]>>(part/2)&1 == 0 {
				v -= 4
			}
			out[part*16+l] = d * float32(v)
		}
	}
}

// partOf reads scale and least of a part of 32 values, in 6 bits each: the first four parts' stand in the lower bits of 8 bytes, whose upper bits
// complete those of the last four.
func partOf(packed []byte, part int) (scale, least byte) {
	if part < 4 {
		return packed[part] & 63, packed[part+4] & 63
	}
	return packed[part+4]&15 | packed[part-4]>>6<<4, packed[part+4]>>4 | packed[part]>>6<<4
}

// widenQ4K: scale, least's scale, 8 parts' scales and leasts, 4 bits a value.
func widenQ4K(out []float32, in []byte) {
	for part := range super / small {
		d, m := partScales(in, part)
		q, shift := in[16+part/2*32:], part%2*4
		for l := range small {
			out[part*small+l] = times(d, float32(q[l]>>shift&15)) - m
		}
	}
}

// partScales are a part's scale and what is taken off its values, in Q4_K and Q5_K.
func partScales(in []byte, part int) (scale, least float32) {
	s, m := partOf(in[4:16], part)
	return half(in) * float32(s), times(half(in[2:]), float32(m))
}

// widenQ5K: scale, least's scale, 8 parts' scales and leasts, the fifth bits, 4 bits a value.
func widenQ5K(out []float32, in []byte) {
	fifth := in[16:48]
	for part := range super / small {
		d, m := partScales(in, part)
		q, shift := in[48+part/2*32:], part%2*4
		for l := range small {
			out[part*small+l] = times(d, float32(q[l]>>shift&15|fifth[l]>>part&1<<4)) - m
		}
	}
}

// sixBits is value i of a Q6_K's part of 128: lower 4 bits, then the upper 2, less 32.
func sixBits(lower, upper []byte, i int) int8 {
	column, line := i%32, i/32
	return int8(lower[line%2*32+column]>>(line/2*4)&15|upper[column]>>(line*2)&3<<4) - 32
}

// widenQ6K: the lower 4 bits a value, the upper 2, 16 parts' scales in signed bytes, scale.
func widenQ6K(out []float32, in []byte) {
	scale := half(in[208:])
	for i := range out {
		d := scale * float32(int8(in[192+i/16]))
		out[i] = d * float32(sixBits(in[i/128*64:], in[128+i/128*32:], i%128))
	}
}
