package kernel

import (
	"errors"
	"fmt"
	"sync"
	"unsafe"

	"github.com/klauspost/cpuid/v2"
)

// ErrNoAMX says that the processor or the system has no AMX tiles for bf16.
var ErrNoAMX = errors.New("this machine has no AMX")

// amxBackend multiplies bf16 on the processor's tiles. Operands of both orders are brought into its one layout: a right operand lies in
// panels of 32 columns, a panel in steps of 32 terms, a step in two tiles of 16 pairs of terms by 16 columns.
//
// Sums run over the steps in order: a tile product sums its 32 terms, the even and the odd ones apart, and adds both to the sum, in float32 and
// with denormals taken for 0. So a product that is cut into several, each adding to C, has the same bits as the whole if the cuts lie between steps.
type amxBackend struct{ goBackend }

const (
	tileSide = 32                  // rows and columns of a block, and terms of a step
	stepSize = tileSide * tileSide // elements of a panel's step
)

var amxReady = sync.OnceValue(func() error {
	if cpu != levelAVX512 || !cpuid.CPU.Supports(cpuid.AMXTILE, cpuid.AMXBF16, cpuid.AVX512BF16) {
		return ErrNoAMX
	}
	if err := requestTiles(); err != nil {
		return fmt.Errorf("%w: the system refuses it: %v", ErrNoAMX, err)
	}
	return nil
})

func openAMX() (Backend, error) {
	if err := amxReady(); err != nil {
		return nil, err
	}
	return amxBackend{}, nil
}

func (amxBackend) Name() string         { return "amx-bf16+" + CPU() }
func (amxBackend) Precision() Precision { return BF16 }

func (amxBackend) Gemm16(s Shape, c []float32, a, b []uint16) { tileGemm(s, c, a, b, &halves) }

func (amxBackend) Gemm16To16(s Shape, c, a, b []uint16) { tileGemm(s, c, a, b, &halves) }

// tileGemm packs B, and A where it does not lie as tiles read it, and multiplies.
func tileGemm[T, R Elem](s Shape, c []R, a, b []T, f *filling[T]) {
	s.check(len(c), len(a), len(b))
	if s.M == 0 || s.N == 0 || s.K == 0 {
		clearProduct(s, c)
		return
	}
	w := amxScratches.Get().(*amxScratch)
	defer amxScratches.Put(w)
	pack(&w.right, f, b, s.N, s.K, s.LDB, s.TransB)
	amxMultiply(w, c, sumsOf(c, s), s.LDC, f.left(&w.left, a, s), &w.right, s, 0, s.N)
}

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
		return amxHalfStripRoundAVX512
	case half && from:
		return amxHalfStripFromAVX512
	case half:
		return amxHalfStripAVX512
	case round:
		return amxStripRoundAVX512
	case from:
		return amxStripFromAVX512
	}
	return amxStripAVX512
}

// amxLeft is a left operand whose rows are whole steps, and filled up to a multiple of 16. Strides are in bytes.
type amxLeft struct {
	data            []uint16
	steps           int
	lda, step, half int
	strip           int // elements from 32 rows to the next 32
	rows            splitSource
	first           int // step of the first element; not 0 if rows are split step by step
}

// amxLeftOperand packs or pads A into buf where it has to.
func amxLeftOperand(buf *[]uint16, a []uint16, s Shape) amxLeft {
	steps := (s.K + tileSide - 1) / tileSide
	if s.TransA {
		dst := aligned(buf, (s.M+tileSide-1)/tileSide*steps*stepSize)
		for step := range steps { // so that rows of the transpose are read along
			for row := 0; row < s.M; row += tileSide {
				amxPackTransposed(dst[row*steps*tileSide+step*stepSize:], a[step*tileSide*s.LDA+row:], s.LDA, min(tileSide, s.M-row), min(tileSide, s.K-step*tileSide))
			}
		}
		return amxLeft{data: dst, steps: steps, lda: 64, step: 2 * stepSize, half: stepSize, strip: steps * stepSize}
	}
	ld := s.LDA
	if s.K%tileSide != 0 || s.M%16 != 0 {
		high := (s.M + 15) &^ 15
		ld = steps * tileSide
		dst := aligned(buf, high*ld)
		for i := range high {
			line, n := dst[i*ld:(i+1)*ld], 0
			if i < s.M {
				n = copy(line, a[i*s.LDA:i*s.LDA+s.K])
			}
			clear(line[n:])
		}
		a = dst
	}
	return amxLeft{data: a, steps: steps, lda: 2 * ld, step: 2 * tileSide, half: 32 * ld, strip: tileSide * ld}
}

// aligned gives n elements of the buffer, from a multiple of 64 bytes on.
func aligned[E byte | uint16](buf *[]E, n int) []E {
	size := int(unsafe.Sizeof((*buf)[0]))
	if pad := 64 / size; cap(*buf) < n+pad {
		*buf = make([]E, n+pad)
	}
	at := (64 - int(uintptr(unsafe.Pointer(unsafe.SliceData(*buf)))%64)) % 64 / size
	return (*buf)[at : at+n]
}
