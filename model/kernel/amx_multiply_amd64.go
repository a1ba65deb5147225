package kernel

import (
	"sync"
	"unsafe"

	"slm/model/kernel/internal/amx"
)

// amxScratch is the working memory of one product.
type amxScratch struct {
	right amxPanels
	left  []uint16 // packed or padded rows of A
	sums  []byte   // two blocks of sums on their way to C
	edge  []byte   // rows of C that hang over
}

var amxScratches = sync.Pool{New: func() any { return &amxScratch{} }}

// sumsOf is where the sums of C (+)= A·B start.
func sumsOf[R Elem](c []R, s Shape) []float32 {
	if !s.Accumulate {
		return nil
	}
	from, ok := any(c).([]float32)
	if !ok {
		panic("kernel: bf16 results are not added to")
	}
	return from
}

const (
	// stepsAtOnce bounds the terms of rows of A, and so their part of the second cache: 128 rows of them are 384 KB.
	stepsAtOnce = 48
	// panelsAtOnce bounds the part of B that stays in the second cache while all rows of A pass by. // elements
	panelsAtOnce = 1 << 18
)

// amxMultiply computes the columns [at,to) of C; at is a multiple of tileSide, and c starts at that column. Sums start from the values of
// from, rows ldfrom apart, which may be C, or from zero if it is nil.
func amxMultiply[R Elem](w *amxScratch, c []R, from []float32, ldfrom int, l amxLeft, p *amxPanels, s Shape, at, to int) {
	depth := l.steps
	sums, inParts := any(c).([]float32) // bf16 is rounded once, after the last term
	switch {
	case p.parts > 1:
		depth = min(depth, splitDepth)
	case inParts:
		depth = min(depth, stepsAtOnce)
	}
	width := max(1, panelsAtOnce/(depth*p.parts*stepSize)) * tileSide
	for step := 0; step < l.steps; step += depth {
		l.reach(step, min(depth, l.steps-step))
		for col := at; col < to; col += width {
			for row := 0; row < s.M; row += tileSide {
				b := amxBlocks{l, p, row, min(tileSide, s.M-row), col, min(width, to-col), step, min(depth, l.steps-step)}
				var start []float32
				if from != nil {
					start = from[row*ldfrom+col-at:]
				}
				multiplyBlocks(w, b, c[row*s.LDC+col-at:], s.LDC, start, ldfrom)
			}
		}
		from, ldfrom = sums, s.LDC
	}
}

// amxBlocks are the operands of up to 32 rows of C: some steps of A and of panels of B.
type amxBlocks struct {
	left        amxLeft
	right       *amxPanels
	row, rows   int
	col, cols   int
	step, steps int
}

// multiplyBlocks computes whole blocks where they belong, and those that hang over C in a room of their own.
func multiplyBlocks[R Elem](w *amxScratch, b amxBlocks, c []R, ldc int, from []float32, ldfrom int) {
	if wide := b.cols / tileSide * tileSide; b.rows == tileSide && wide > 0 {
		multiplyStrip(w, b, wide/tileSide, c, ldc, from, ldfrom)
		if b.col, b.cols = b.col+wide, b.cols-wide; b.cols == 0 {
			return
		}
		c = c[wide:]
		if from != nil {
			from = from[wide:]
		}
	}
	size, blocks := int(unsafe.Sizeof(c[0])), (b.cols+tileSide-1)/tileSide
	wide := blocks * tileSide
	room := unsafe.Slice((*R)(unsafe.Pointer(&aligned(&w.edge, tileSide*wide*size)[0])), tileSide*wide)
	if from != nil { // then R is float32
		start := any(room).([]float32)
		for i := range b.rows {
			copy(start[i*wide:], from[i*ldfrom:i*ldfrom+b.cols])
		}
		from = start
	}
	multiplyStrip(w, b, blocks, room, wide, from, wide)
	for i := range b.rows {
		copy(c[i*ldc:i*ldc+b.cols], room[i*wide:])
	}
}

func multiplyStrip[R Elem](w *amxScratch, b amxBlocks, blocks int, c []R, ldc int, from []float32, ldfrom int) {
	size, l := int(unsafe.Sizeof(c[0])), b.left
	a := l.data[b.row/tileSide*l.strip+(b.step-l.first)*l.step/2:]
	strip := amxStripOf(b.rows <= 16, size == 2, from != nil)
	if b.right.parts > 1 {
		strip = splitStripOf(b.right.parts, b.rows <= 16, from != nil)
	}
	strip(
		(*byte)(unsafe.Pointer(unsafe.SliceData(c))), (*byte)(unsafe.Pointer(unsafe.SliceData(from))),
		bytesOf(a), bytesOf(b.right.at(b.col/tileSide, b.step)), unsafe.SliceData(aligned(&w.sums, 2*stepSize*4)),
		size*ldc, 4*ldfrom, l.lda, l.step, l.half, (b.right.steps-b.steps)*b.right.parts*2*stepSize, b.steps, blocks)
}

// amxStripOf picks the variant.
func amxStripOf(half, round, from bool) func(c, from, a, b, scratch *byte, ldc, ldfrom, lda, stepA, halfA, skipB, steps, blocks int) {
	switch {
	case half && round:
		return amx.HalfStripRound
	case half && from:
		return amx.HalfStripFrom
	case half:
		return amx.HalfStrip
	case round:
		return amx.StripRound
	case from:
		return amx.StripFrom
	}
	return amx.Strip
}
