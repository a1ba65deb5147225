package kernel

import (
	"encoding/binary"
	"math"
)

// record is a block of a left operand: x ≈ scale·(256·upper + lower), signed bytes.
//
//	words 0 … 7: upper bytes; 8 … 15: lower bytes; 16: scale (float32); 17: the sum of 256·upper + lower; 18: that of the first 16 terms
const (
	recordWords = 19
	recordScale = 16
	recordSum   = 17
	recordFirst = 18
)

// BlockLeft holds left operands, rounded to 16 bits with a scale for each block of 32.
type BlockLeft struct {
	k, rows int
	records []uint32 // [rows, k/32, recordWords]
}

// Fit makes room for rows of k values, whole blocks. What was there is lost.
func (l *BlockLeft) Fit(rows, k int) {
	l.k, l.rows = k, rows
	Grow(&l.records, rows*l.width())
}

// width is the words of a row.
func (l *BlockLeft) width() int { return l.k / BlockTerms * recordWords }

// Set rounds x into a row. Calls for different rows may run at the same time.
func (l *BlockLeft) Set(row int, x []float32) {
	sameLen("BlockLeft.Set", l.k, len(x))
	records := l.records[row*l.width() : (row+1)*l.width()]
	cpu.roundBlocks(records, x)
}

// roundBlocksGo rounds to multiples of the scale, with which the largest value of a block is most16; a block that is not finite gets a scale that
// is not either.
func roundBlocksGo(records []uint32, x []float32) {
	for ; len(x) > 0; x, records = x[BlockTerms:], records[recordWords:] {
		bits := uint32(0) // of numbers without a sign bits have the order of the values
		for _, v := range x[:BlockTerms] {
			bits = max(bits, math.Float32bits(v)&^(1<<31))
		}
		largest := math.Float32frombits(bits)
		inverse := float32(math.MaxFloat32)
		if f := most16 / largest; f < inverse {
			inverse = f
		}
		var bytes [2][BlockTerms]byte
		var sums [2]int32
		for i, v := range x[:BlockTerms] {
			q := int32(0)
			if v *= inverse; v == v {
				q = int32(math.RoundToEven(float64(v)))
			}
			sums[i/16] += q
			bytes[0][i], bytes[1][i] = byte((q+middle)>>8), byte(q)
		}
		for i := range recordScale {
			records[i] = binary.LittleEndian.Uint32(bytes[i/8][i%8*4:])
		}
		records[recordScale], records[recordSum], records[recordFirst] = math.Float32bits(largest/most16), uint32(sums[0]+sums[1]), uint32(sums[0])
	}
}
