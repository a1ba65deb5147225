package kernel

import (
	"encoding/binary"
	"fmt"
)

// BlockType says how a row of weights stands in a file: in blocks of 32 or 256 terms, in the formats of ggml (GGUF).
type BlockType int

// The types that BlockWeights can keep. A weight is scale·q − least or scale·(q − middle); scales and leasts of the K types are products of a half,
// one for 256 terms, and of a whole number, one for 32 or 16 terms.
const (
	Q41 BlockType = iota + 1 // q in 4 bits, scale and least
	Q50                      // 5 bits, middle 16
	Q51                      // 5 bits, scale and least
	Q80                      // 8 bits, middle 128
	Q4K                      // 4 bits, scale and least for 32 terms
	Q5K                      // 5 bits, the same
	Q6K                      // 6 bits, middle 32, scale for 16 terms
)

// BlockTerms is the number of terms of a block of a left operand, and of the smallest blocks of weights.
const BlockTerms = 32

// blockKind is how blocks of a type stand in a file, and what is in them.
type blockKind struct {
	name         string
	terms, bytes int // of a block
	bits         int // of a whole number
	middle       int32
	halves       int // scale, then least
	small        int // bytes: scale, then least for each 32 terms; or scales, signed, for each 16
	read         func(block []byte) blockRead
}

// blockRead is a block of a file, taken apart.
type blockRead struct {
	halves [2]uint16
	small  [16]byte
	q      [256]byte // unsigned
}

var blockKinds = map[BlockType]*blockKind{
	Q41: {"Q4_1", 32, 20, 4, 0, 2, 0, readQ41},
	Q50: {"Q5_0", 32, 22, 5, 16, 1, 0, readQ50},
	Q51: {"Q5_1", 32, 24, 5, 0, 2, 0, readQ51},
	Q80: {"Q8_0", 32, 34, 8, 128, 1, 0, readQ80},
	Q4K: {"Q4_K", 256, 144, 4, 0, 2, 16, readQ4K},
	Q5K: {"Q5_K", 256, 176, 5, 0, 2, 16, readQ5K},
	Q6K: {"Q6_K", 256, 210, 6, 32, 1, 16, readQ6K},
}

func (t BlockType) String() string {
	if k := blockKinds[t]; k != nil {
		return k.name
	}
	return fmt.Sprintf("BlockType(%d)", int(t))
}

// nibbles takes numbers of 4 bits apart: byte j holds number j in its lower and number j+len(in) in its upper half.
func nibbles(q, in []byte) {
	for j, v := range in {
		q[j], q[j+len(in)] = v&15, v>>4
	}
}

// fifths adds the fifth bits of 32 numbers.
func fifths(q, in []byte) {
	bits := binary.LittleEndian.Uint32(in)
	for j := range BlockTerms {
		q[j] |= byte(bits>>j&1) << 4
	}
}

// readQ41: scale, least, numbers. The file's least is added, ours is taken off.
func readQ41(in []byte) (b blockRead) {
	b.halves = [2]uint16{binary.LittleEndian.Uint16(in), binary.LittleEndian.Uint16(in[2:]) ^ 1<<15}
	nibbles(b.q[:], in[4:])
	return b
}

// readQ50: scale, fifth bits, the lower four.
func readQ50(in []byte) (b blockRead) {
	b.halves[0] = binary.LittleEndian.Uint16(in)
	nibbles(b.q[:], in[6:])
	fifths(b.q[:], in[2:])
	return b
}

// readQ51: scale, least, fifth bits, the lower four.
func readQ51(in []byte) (b blockRead) {
	b.halves = [2]uint16{binary.LittleEndian.Uint16(in), binary.LittleEndian.Uint16(in[2:]) ^ 1<<15}
	nibbles(b.q[:], in[8:])
	fifths(b.q[:], in[4:])
	return b
}

// readQ80: scale, signed bytes.
func readQ80(in []byte) (b blockRead) {
	b.halves[0] = binary.LittleEndian.Uint16(in)
	for j, v := range in[2:] {
		b.q[j] = v + middle
	}
	return b
}

// readQ4K: scale's and least's factor, 8 scales and 8 leasts in 6 bits each, numbers: those of two times 32 terms beside each other.
func readQ4K(in []byte) (b blockRead) {
	b.sixBits(in)
	for i := range 4 {
		nibbles(b.q[64*i:], in[16+32*i:][:32])
	}
	return b
}

// readQ5K: as Q4_K, with the fifth bits in front of the numbers: bit i of 32 bytes has those of 32 terms.
func readQ5K(in []byte) (b blockRead) {
	b.sixBits(in)
	for i := range 4 {
		nibbles(b.q[64*i:], in[48+32*i:][:32])
	}
	for j := range b.q {
		b.q[j] |= in[16+j%32] >> (j / 32) & 1 << 4
	}
	return b
}

// sixBits reads the factors and, into pairs, scales and leasts: the first four stand in the lower bits of 8 bytes, whose upper bits complete
// those of the last four.
func (b *blockRead) sixBits(in []byte) {
	b.halves = [2]uint16{binary.LittleEndian.Uint16(in), binary.LittleEndian.Uint16(in[2:])}
	p := in[4:16]
	for i := range 4 {
		b.small[2*i], b.small[2*i+1] = p[i]&63, p[i+4]&63
		b.small[2*i+8], b.small[2*i+9] = p[i+8]&15|p[i]>>6<<4, p[i+8]>>4|p[i+4]>>6<<4
	}
}

// readQ6K: the lower 4 bits, the upper 2, 16 signed scales, their factor. A byte has bits of numbers 64 and 32 apart.
func readQ6K(in []byte) (b blockRead) {
	b.halves[0] = binary.LittleEndian.Uint16(in[208:])
	copy(b.small[:], in[192:])
	for j := range b.q {
		part, line, column := j/128, j%128/32, j%32
		b.q[j] = in[64*part+line%2*32+column]>>(line/2*4)&15 | in[128+32*part+column]>>(2*line)&3<<4
	}
	return b
}
