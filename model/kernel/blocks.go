package kernel

import (
	"errors"
	"fmt"
)

// BlockRow is a row of a matrix as a file has it.
type BlockRow struct {
	Type BlockType
	Data []byte
}

// ErrBlocks marks rows that BlockWeights cannot keep.
var ErrBlocks = errors.New("kernel: no blocks of weights")

// BlockWeights is a matrix W [N,K] with the whole numbers and the scales that a file has: nothing is rounded a second time. A product's left
// operand is rounded to 16 bits, with a scale for each of its blocks (BlockLeft), which loses next to nothing. Sums below one scale are exact;
// blocks are added in order, and nothing is fused: every CPU level and any cut gives the same bits, and rows are batch-invariant.
type BlockWeights struct {
	n, k   int
	panels []blockPanel // of 16 rows of W
	bytes  int
	memory []byte
}

// PanelAlignBlocks is what the first row of a share of a product with BlockWeights must be a multiple of.
const PanelAlignBlocks = 16

// blockPanel holds 16 rows of W, columns of the panel; a row of another panel's type is a matter of the file. Scales come first, those of all of
// the file's blocks, then the whole numbers of one block of 32 terms after the other. A whole number is one of an unsigned type:
//
//	scales   of a block of the file: 16 halves for each half that it has, then 16 bytes for each byte
//	numbers  8 bits: [8, 16, 4], four terms of a column beside each other
//	         4 bits: [4, 16, 4], the terms 4i … 4i+3 of a column in the lower and 16+4i … in the upper halves of bytes
//	         5 bits: as 4 bits, then [16, 4]: bit i has the fifth bits of the terms 4i … 4i+3
//	         6 bits: as 4 bits, then [2, 16, 4] for both halves of the terms: bits 2i and 2i+1 have the upper bits of the terms 4i … 4i+3
type blockPanel struct {
	typ BlockType
	*blockKind
	scales, numbers []byte
}

// scaleBytes is what the scales of a panel take, before whole lines of the cache begin again.
func (k *blockKind) scaleBytes(blocks int) int {
	return (blocks*BlockTerms/k.terms*k.columns() + 63) &^ 63
}

// numberBytes is what a block of 32 terms takes in a panel.
func (k *blockKind) numberBytes() int { return PanelAlignBlocks * BlockTerms * k.bits / 8 }

// columns is what the scales of a block of the file take in a panel.
func (k *blockKind) columns() int { return PanelAlignBlocks * (2*k.halves + k.small) }

// NewBlockWeights takes over rows of K terms. Sixteen rows, from a multiple of sixteen on, must have one type.
func NewBlockWeights(rows []BlockRow, k int) (*BlockWeights, error) {
	if k < 1 || k%BlockTerms != 0 {
		return nil, fmt.Errorf("%w: rows of %d terms, which are no whole blocks of %d", ErrBlocks, k, BlockTerms)
	}
	blocks := k / BlockTerms
	w := &BlockWeights{n: len(rows), k: k}
	for first := 0; first < len(rows); first += PanelAlignBlocks {
		kind := blockKinds[rows[first].Type]
		for r := first; r < min(first+PanelAlignBlocks, len(rows)); r++ {
			if kind == nil || rows[r].Type != rows[first].Type || k%kind.terms != 0 || len(rows[r].Data) != k/kind.terms*kind.bytes {
				return nil, fmt.Errorf("%w: row %d has type %v and %d bytes for %d terms, row %d type %v", ErrBlocks, r, rows[r].Type, len(rows[r].Data), k, first, rows[first].Type)
			}
		}
		w.panels = append(w.panels, blockPanel{typ: rows[first].Type, blockKind: kind})
		w.bytes += kind.scaleBytes(blocks) + blocks*kind.numberBytes()
	}
	rest := aligned(&w.memory, w.bytes)
	for i := range w.panels {
		p := &w.panels[i]
		scales, numbers := p.scaleBytes(blocks), blocks*p.numberBytes()
		p.scales, p.numbers, rest = rest[:scales], rest[scales:scales+numbers], rest[scales+numbers:]
	}
	Tiles(len(w.panels), 16, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			for r := i * PanelAlignBlocks; r < min((i+1)*PanelAlignBlocks, len(rows)); r++ {
				w.panels[i].take(r%PanelAlignBlocks, rows[r].Data)
			}
		}
	})
	return w, nil
}

// take takes over a column.
func (p *blockPanel) take(col int, row []byte) {
	for at := 0; len(row) > 0; row, at = row[p.bytes:], at+1 {
		b := p.read(row[:p.bytes])
		to := p.scales[at*p.columns():]
		for i := range p.halves {
			to[32*i+2*col], to[32*i+2*col+1] = byte(b.halves[i]), byte(b.halves[i]>>8)
		}
		for i := range p.small {
			to[32*p.halves+16*i+col] = b.small[i]
		}
		for j := range p.terms {
			p.put(col, at*p.terms+j, b.q[j])
		}
	}
}

// put sets a whole number, which was 0.
func (p *blockPanel) put(col, term int, q byte) {
	j, at, line := term%BlockTerms, 4*col+term%4, p.block(term/BlockTerms)
	if p.bits == 8 {
		line[j/4*64+at] = q
		return
	}
	line[j%16/4*64+at] |= q & 15 << (j / 16 * 4)
	switch p.bits {
	case 5:
		line[256+at] |= q >> 4 << (j / 4)
	case 6:
		line[256+j/16*64+at] |= q >> 4 << (j / 4 % 4 * 2)
	}
}

// block is what the numbers of a block of 32 terms are in.
func (p *blockPanel) block(b int) []byte { return p.numbers[b*p.numberBytes():][:p.numberBytes()] }

// number is what put has set for term j of a block.
func (p *blockPanel) number(line []byte, col, j int) int32 {
	at := 4*col + j%4
	if p.bits == 8 {
		return int32(line[j/4*64+at])
	}
	q := line[j%16/4*64+at] >> (j / 16 * 4) & 15
	switch p.bits {
	case 5:
		q |= line[256+at] >> (j / 4) & 1 << 4
	case 6:
		q |= line[256+j/16*64+at] >> (j / 4 % 4 * 2) & 3 << 4
	}
	return int32(q)
}

// Row writes a row of W [K]: the numbers of ggml's dequantize_row.
func (w *BlockWeights) Row(row int, out []float32) {
	sameLen("BlockWeights.Row", w.k, len(out))
	p, col := &w.panels[row/PanelAlignBlocks], row%PanelAlignBlocks
	for b := 0; len(out) > 0; b, out = b+1, out[BlockTerms:] {
		scale, second := p.scale(col, b)
		line := p.block(b)
		for j := range out[:BlockTerms] {
			q := float32(p.number(line, col, j) - p.middle)
			switch {
			case p.middle == 0:
				out[j] = float32(scale*q) - second
			case p.small > 0 && j >= BlockTerms/2:
				out[j] = second * q
			default:
				out[j] = scale * q
			}
		}
	}
}

// Bytes is the memory that a product reads.
func (w *BlockWeights) Bytes() int { return w.bytes }
