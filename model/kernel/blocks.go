package kernel

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// BlockType says how a row of weights stands in a file: in blocks of 32 terms, in the formats of ggml (GGUF).
type BlockType int

// The types that BlockWeights can keep. A weight is scale·q + least; scale and least are halves.
const (
	Q41 BlockType = iota + 1 // scale, least, q in 4 bits: byte j holds term j in its lower and term j+16 in its upper half
	Q80                      // scale, then q in signed bytes; least is 0
)

// BlockTerms is the number of terms of a block.
const BlockTerms = 32

// Bytes is what a block takes in a file.
func (t BlockType) Bytes() int {
	if t == Q41 {
		return 4 + BlockTerms/2
	}
	return 2 + BlockTerms
}

// BlockRow is a row of a matrix as a file has it.
type BlockRow struct {
	Type BlockType
	Data []byte
}

// ErrBlocks marks rows that BlockWeights cannot keep.
var ErrBlocks = errors.New("kernel: no blocks of weights")

// BlockWeights is a matrix W [N,K] with the whole numbers and the scales that a file has: nothing is rounded a second time. A product's left
// operand is rounded to 16 bits, with a scale for each of its blocks (BlockLeft), which loses next to nothing. Sums within a block are exact;
// blocks are added in order, and nothing is fused: every CPU level and any cut gives the same bits, and rows are batch-invariant.
type BlockWeights struct {
	n, k   int
	panels []blockPanel // of 16 rows of W
	bytes  int
	memory []byte
}

// blockPanel holds 16 rows of W; a row of another panel's type is a matter of the file. A column below is a row of W.
//
//	Q41: for each block [4, 16, 4] bytes with the terms 4i … 4i+3 of a column in the lower and 16+4i … in the upper halves, then the 16
//	     columns' scales, then their leasts
//	Q80: for each block [8, 16, 4] bytes, q+128; behind all blocks for each the 16 columns' scales
type blockPanel struct {
	typ  BlockType
	data []byte
}

const (
	// PanelAlignBlocks is what the first row of a share of a product with BlockWeights must be a multiple of.
	PanelAlignBlocks = 16

	bytesQ41 = 16*BlockTerms/2 + 2*2*16 // of a block of a panel
	bytesQ80 = 16 * BlockTerms
	scaleQ80 = 2 * 16 // and this behind all of them
)

func (t BlockType) panelBytes(blocks int) int {
	if t == Q41 {
		return blocks * bytesQ41
	}
	return blocks * (bytesQ80 + scaleQ80)
}

// NewBlockWeights takes over rows of K terms. Sixteen rows, from a multiple of sixteen on, must have one type.
func NewBlockWeights(rows []BlockRow, k int) (*BlockWeights, error) {
	blocks := k / BlockTerms
	if k < 1 || k%BlockTerms != 0 {
		return nil, fmt.Errorf("%w: rows of %d terms, which are no whole blocks of %d", ErrBlocks, k, BlockTerms)
	}
	w := &BlockWeights{n: len(rows), k: k}
	for first := 0; first < len(rows); first += PanelAlignBlocks {
		t := rows[first].Type
		for r := first; r < min(first+PanelAlignBlocks, len(rows)); r++ {
			if rows[r].Type != t || (t != Q41 && t != Q80) || len(rows[r].Data) != blocks*t.Bytes() {
				return nil, fmt.Errorf("%w: row %d has type %d and %d bytes for %d blocks, row %d type %d", ErrBlocks, r, rows[r].Type, len(rows[r].Data), blocks, first, t)
			}
		}
		w.panels = append(w.panels, blockPanel{typ: t})
		w.bytes += (t.panelBytes(blocks) + 63) &^ 63
	}
	rest := aligned(&w.memory, w.bytes)
	for i := range w.panels {
		size := w.panels[i].typ.panelBytes(blocks)
		w.panels[i].data, rest = rest[:size], rest[(size+63)&^63:]
	}
	Tiles(len(w.panels), 16, func(lo, hi int) {
		for p := lo; p < hi; p++ {
			for r := p * PanelAlignBlocks; r < min((p+1)*PanelAlignBlocks, len(rows)); r++ {
				w.panels[p].take(r%PanelAlignBlocks, rows[r].Data, blocks)
			}
		}
	})
	return w, nil
}

// take takes over a column.
func (p blockPanel) take(col int, row []byte, blocks int) {
	for b := range blocks {
		if p.typ == Q41 {
			from, to := row[b*Q41.Bytes():], p.data[b*bytesQ41:]
			copy(to[256+2*col:], from[:2])
			copy(to[288+2*col:], from[2:4])
			for j := range BlockTerms / 2 {
				to[j/4*64+4*col+j%4] = from[4+j]
			}
			continue
		}
		from, to := row[b*Q80.Bytes():], p.data[b*bytesQ80:]
		copy(p.data[blocks*bytesQ80+b*scaleQ80+2*col:], from[:2])
		for j := range BlockTerms {
			to[j/4*64+4*col+j%4] = from[2+j] + middle
		}
	}
}

// Bytes is the memory that a product reads.
func (w *BlockWeights) Bytes() int { return w.bytes }

// record is a block of a left operand: x ≈ scale·(256·upper + lower), signed bytes.
//
//	words 0 … 7: upper bytes; 8 … 15: lower bytes; 16: scale (float32); 17: the sum of 256·upper + lower
const (
	recordWords = 18
	recordScale = 16
	recordSum   = 17
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
		sum := int32(0)
		for i, v := range x[:BlockTerms] {
			q := int32(0)
			if v *= inverse; v == v {
				q = int32(math.RoundToEven(float64(v)))
			}
			sum += q
			bytes[0][i], bytes[1][i] = byte((q+middle)>>8), byte(q)
		}
		for i := range recordScale {
			records[i] = binary.LittleEndian.Uint32(bytes[i/8][i%8*4:])
		}
		records[recordScale], records[recordSum] = math.Float32bits(largest/most16), uint32(sum)
	}
}

// blockShare is a share of a product: m rows with the columns [from,to) of W, from a multiple of PanelAlignBlocks.
type blockShare struct {
	y           []float32 // from column from on
	x           *BlockLeft
	row, m, ldy int
	from, to    int
	accumulate  bool
}

// LinearBlocks computes y [M,to−from] (+)= x·Wᵀ for the rows [row,row+m) of x and the rows [from,to) of W, from a multiple of
// PanelAlignBlocks. ldy is the distance between y's rows.
func LinearBlocks(w *BlockWeights, y []float32, x *BlockLeft, row, m, ldy, from, to int, accumulate bool) {
	if from%PanelAlignBlocks != 0 || to > w.n || x.k != w.k || row+m > x.rows || m > 0 && len(y) < (m-1)*ldy+to-from {
		panic(fmt.Sprintf("kernel: LinearBlocks: columns %d to %d of %d, rows %d and %d of %d, %d values for %d terms, %d results",
			from, to, w.n, row, m, x.rows, x.k, w.k, len(y)))
	}
	if m > 0 {
		cpu.linearBlocks(w, blockShare{y, x, row, m, ldy, from, to, accumulate})
	}
}

// linearBlocksGo is the reference.
func linearBlocksGo(w *BlockWeights, s blockShare) {
	blocks := w.k / BlockTerms
	for col := s.from; col < s.to; col++ {
		for i := range s.m {
			sum := float32(0)
			for b := range blocks {
				record := s.x.records[(s.row+i)*s.x.width()+b*recordWords:][:recordWords]
				sum += w.panels[col/PanelAlignBlocks].block(col%PanelAlignBlocks, b, blocks, record)
			}
			if at := &s.y[i*s.ldy+col-s.from]; s.accumulate {
				*at += sum
			} else {
				*at = sum
			}
		}
	}
}

// block is a column's product with one block of a left operand. The conversions keep the compiler from fusing.
func (p blockPanel) block(col, b, blocks int, record []uint32) float32 {
	half := func(at int) float32 { return FromHalf(binary.LittleEndian.Uint16(p.data[at+2*col:])) }
	upper, lower, sum := int32(0), int32(0), int32(record[recordSum])
	for j := range BlockTerms {
		var q int32
		if p.typ == Q41 {
			q = int32(p.data[b*bytesQ41+j%16/4*64+4*col+j%4]>>(j/16*4)) & 15
		} else {
			q = int32(p.data[b*bytesQ80+j/4*64+4*col+j%4])
		}
		upper += q * int32(int8(record[j/4]>>(j%4*8)))
		lower += q * int32(int8(record[8+j/4]>>(j%4*8)))
	}
	scale, left := p.scaleAt(b, blocks), math.Float32frombits(record[recordScale])
	if p.typ == Q80 {
		return float32(float32(float32(upper<<8+lower-sum*middle)*half(scale)) * left)
	}
	v := float32(float32(upper<<8+lower) * half(scale))
	return float32((v + float32(float32(sum)*half(b*bytesQ41+288))) * left)
}

// scaleAt is where a block's scales stand.
func (p blockPanel) scaleAt(b, blocks int) int {
	if p.typ == Q41 {
		return b*bytesQ41 + 256
	}
	return blocks*bytesQ80 + b*scaleQ80
}
