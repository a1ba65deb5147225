package kernel

import (
	"fmt"
	"math"
	"sync/atomic"
	"unsafe"
)

// Weights8 is a matrix W [N,K] in signed bytes, with a scale for each row: W ≈ scale·q, |q| ≤ 127. It takes half of bf16's memory, which is
// what bounds how fast a single sequence is continued.
//
// A product's left operand is rounded to 16 bits, with a scale for each of its rows (Rows8), and multiplied as two rows of bytes: 8 bits would
// lose one part in twenty of perplexity to the few values that are far larger than the others. What is added up are whole numbers, so sums
// are exact: every CPU level and any cut gives the same bits, and rows are batch-invariant.
type Weights8 struct {
	n, k  int
	steps int       // of 64 terms, filled up with zeros
	data  []byte    // [panels, 16·steps, 64, 4] signed: panels of 64 rows of W, terms in quads
	start []int32   // [64·panels] −128·Σ q of a row: what the left operand's shift adds, taken back
	scale []float32 // [64·panels]
	small bool      // no row's Σ |q| is above smallSum
}

const (
	// PanelAlign8 is what the first row of a share of a product with Weights8 must be a multiple of.
	PanelAlign8 = 64

	step8  = 64 // terms
	middle = 128
	most8  = 127
	most16 = 127*256 + 127 // so that the upper byte of what is shifted by 0x8080 is 255 at most
	// maxTerms8 bounds a sum: 255·127·65536 still fits into 32 bits.
	maxTerms8 = 1 << 16
	// smallSum bounds Σ |q| so that sums of whole left values, of 16 bits, fit into 32 bits, and those of their bytes into float32: what a product makes
	// of the latter, 256·upper + lower, is then the former, rounded once.
	smallSum = math.MaxInt32 / (most16 + 1)
)

// NewWeights8 rounds W [N,K] to bytes. W is not kept.
func NewWeights8(w []float32, n, k int) (*Weights8, error) {
	if len(w) != n*k || k < 1 || k > maxTerms8 {
		return nil, fmt.Errorf("kernel: 8-bit weights: %d values for %d by %d, and at most %d terms", len(w), n, k, maxTerms8)
	}
	panels := (n + PanelAlign8 - 1) / PanelAlign8
	q := &Weights8{n: n, k: k, steps: (k + step8 - 1) / step8, start: make([]int32, panels*PanelAlign8), scale: make([]float32, panels*PanelAlign8)}
	var memory []byte
	q.data = aligned(&memory, panels*q.panelBytes())
	var large atomic.Bool
	Tiles(panels, 1, func(panel, _ int) {
		row, upper := make([]byte, k), make([]byte, k)
		for r := panel * PanelAlign8; r < min(n, (panel+1)*PanelAlign8); r++ {
			q.scale[r] = quantiseRow(upper, row, w[r*k:(r+1)*k], most8)
			at, sum, size := panel*q.panelBytes()+r%PanelAlign8*4, int32(0), int32(0)
			for i, v := range row {
				sum += int32(v) - middle
				size += max(int32(v)-middle, middle-int32(v))
				q.data[at+i/4*4*PanelAlign8+i%4] = v - middle
			}
			q.start[r] = -middle * sum
			if size > smallSum {
				large.Store(true)
			}
		}
	})
	q.small = !large.Load()
	return q, nil
}

func (w *Weights8) panelBytes() int { return w.steps * step8 * PanelAlign8 }

// Bytes is the memory that a product reads.
func (w *Weights8) Bytes() int { return len(w.data) + 4*len(w.start) + 4*len(w.scale) }

// Rows8 holds left operands, rounded to 16 bits: x ≈ scale·(256·(upper − 128) + lower − 128).
type Rows8 struct {
	width int       // bytes of a row, whole steps
	data  []byte    // [rows up to a multiple of 16, 2, width]: upper bytes, then lower bytes
	scale []float32 // [rows]
	room  []byte
}

// Fit makes room for rows of k values. What was there is lost.
func (r *Rows8) Fit(rows, k int) {
	r.width = (k + step8 - 1) / step8 * step8
	r.data = aligned(&r.room, 2*((rows+15)&^15)*r.width)
	Grow(&r.scale, rows)
}

// Set rounds x into a row. Calls for different rows may run at the same time.
func (r *Rows8) Set(row int, x []float32) {
	line := r.data[2*row*r.width : 2*(row+1)*r.width]
	r.scale[row] = quantiseRow(line[:len(x)], line[r.width:r.width+len(x)], x, most16)
}

// quantiseRow rounds x so that x/scale = 256·(upper − 128) + lower − 128, with the largest |x| at most, and returns the scale: 0 for zeros, NaN
// where x is not finite.
func quantiseRow(upper, lower []byte, x []float32, most float32) (scale float32) {
	largest := MaxAbs(x)
	inverse := float32(0)
	switch {
	case math.IsInf(float64(largest), 0) || largest == 0 && anyNaN(x):
		scale = float32(math.NaN())
	case largest > 0:
		scale = largest / most
		inverse = min(most/largest, math.MaxFloat32) // of a denormal it would be infinite
	}
	cpu.quantise(upper, lower, x, inverse)
	return scale
}

func quantiseGo(upper, lower []byte, x []float32, inverse float32) {
	for i, v := range x {
		q := int32(0)
		if v *= inverse; v == v {
			q = int32(math.RoundToEven(float64(v)))
		}
		q += middle<<8 + middle
		upper[i], lower[i] = byte(q>>8), byte(q)
	}
}

// share8 is a share of a product: m rows with the columns [from,to) of W, from a multiple of PanelAlign8.
type share8 struct {
	y           []float32 // from column from on
	x           *Rows8
	row, m, ldy int
	from, to    int
	accumulate  bool
}

// cut gives the part of the share in the panel from column col on: its number, where its results start, and its columns.
func (s *share8) cut(col int) (panel int, y []float32, cols int) {
	return col / PanelAlign8, s.y[col-s.from:], min(PanelAlign8, s.to-col)
}

// Linear8 computes y [M,to−from] (+)= x·Wᵀ for the rows [row,row+m) of x and the rows [from,to) of W, from a multiple of PanelAlign8. ldy is
// the distance between y's rows.
func Linear8(w *Weights8, y []float32, x *Rows8, row, m, ldy, from, to int, accumulate bool) {
	if from%PanelAlign8 != 0 || to > w.n || x.width != w.steps*step8 || row+m > len(x.scale) || m > 0 && len(y) < (m-1)*ldy+to-from {
		panic(fmt.Sprintf("kernel: Linear8: columns %d to %d of %d, rows %d and %d of %d, %d bytes for %d terms, %d results",
			from, to, w.n, row, m, len(x.scale), x.width, w.k, len(y)))
	}
	if m > 0 {
		cpu.linear8(w, share8{y, x, row, m, ldy, from, to, accumulate})
	}
}

// linear8Go is the reference.
func linear8Go(w *Weights8, s share8) {
	for col := s.from; col < s.to; col += PanelAlign8 {
		n, y, cols := s.cut(col)
		panel := w.data[n*w.panelBytes():][:w.panelBytes()]
		q := unsafe.Slice((*int8)(unsafe.Pointer(&panel[0])), len(panel))
		for i := range s.m {
			var sums [2][PanelAlign8]int32
			for part := range sums {
				copy(sums[part][:], w.start[col:])
				x := s.x.data[(2*(s.row+i)+part)*s.x.width:][:s.x.width]
				for quad := 0; quad < len(x); quad += 4 {
					a, b, c, d := int32(x[quad]), int32(x[quad+1]), int32(x[quad+2]), int32(x[quad+3])
					four := q[quad*PanelAlign8:][:4*PanelAlign8]
					for j := range sums[part] {
						v := four[4*j : 4*j+4]
						sums[part][j] += a*int32(v[0]) + b*int32(v[1]) + c*int32(v[2]) + d*int32(v[3])
					}
				}
			}
			for j := range cols {
				v := float32(256*float32(sums[0][j])) + float32(sums[1][j]) // 256 times is exact: fused or not, it is the same
				v = float32(v * w.scale[col+j])
				v = float32(v * s.x.scale[s.row+i])
				if s.accumulate {
					v += y[i*s.ldy+j]
				}
				y[i*s.ldy+j] = v
			}
		}
	}
}
