package kernel

import (
	"encoding/binary"
	"fmt"
	"math"
)

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
		p := &w.panels[col/PanelAlignBlocks]
		for i := range s.m {
			sum := float32(0)
			for b := range blocks {
				record := s.x.records[(s.row+i)*s.x.width()+b*recordWords:][:recordWords]
				sum += p.product(col%PanelAlignBlocks, b, record)
			}
			if at := &s.y[i*s.ldy+col-s.from]; s.accumulate {
				*at += sum
			} else {
				*at = sum
			}
		}
	}
}

// product is a column's product with one block of a left operand. The conversions keep the compiler from fusing.
func (p *blockPanel) product(col, b int, record []uint32) float32 {
	var sums [2]int32 // of both halves of the terms
	line := p.block(b)
	for j := range BlockTerms {
		q := p.number(line, col, j)
		upper, lower := int32(int8(record[j/4]>>(j%4*8))), int32(int8(record[8+j/4]>>(j%4*8)))
		sums[j/16] += q * (upper<<8 + lower)
	}
	whole, first := int32(record[recordSum]), int32(record[recordFirst])
	scale, second := p.scale(col, b)
	left := math.Float32frombits(record[recordScale])
	switch sum := sums[0] + sums[1]; {
	case p.middle == 0:
		return float32((float32(float32(sum)*scale) - float32(float32(whole)*second)) * left)
	case p.small > 0:
		a, z := float32(sums[0]-first*p.middle), float32(sums[1]-(whole-first)*p.middle)
		return float32((float32(a*scale) + float32(z*second)) * left)
	default:
		return float32(float32(float32(sum-whole*p.middle)*scale) * left)
	}
}

// scale is that of a block, and what else it has: its least, or the scale of its second half. Products are exact.
func (p *blockPanel) scale(col, b int) (scale, second float32) {
	from := p.scales[b*BlockTerms/p.terms*p.columns():]
	half := func(i int) float32 { return FromHalf(binary.LittleEndian.Uint16(from[32*i+2*col:])) }
	pair := func(i int) (a, z byte) {
		at := 32*p.halves + 32*i + col
		return from[at], from[at+16]
	}
	switch {
	case p.small == 0 && p.halves == 1:
		return half(0), 0
	case p.small == 0:
		return half(0), half(1)
	case p.middle == 0:
		a, z := pair(b * BlockTerms % p.terms / BlockTerms)
		return half(0) * float32(a), half(1) * float32(z)
	default:
		a, z := pair(b * BlockTerms % p.terms / BlockTerms)
		return half(0) * float32(int8(a)), half(0) * float32(int8(z))
	}
}
