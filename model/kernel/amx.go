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
// Sums run over the terms in order, two at a time, each rounded to float32, denormals taken for 0. So a product that is cut into several,
// each adding to C, has the same bits as the whole if the cuts lie between steps.
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

func (amxBackend) Gemm16(s Shape, c []float32, a, b []uint16) { amxGemm(s, c, a, b) }

func (amxBackend) Gemm16To16(s Shape, c, a, b []uint16) { amxGemm(s, c, a, b) }

// amxGemm packs B, and A where it does not lie in rows of whole steps, and multiplies.
func amxGemm[R Elem](s Shape, c []R, a, b []uint16) {
	s.check(len(c), len(a), len(b))
	if s.M == 0 || s.N == 0 || s.K == 0 {
		clearProduct(s, c)
		return
	}
	w := amxScratches.Get().(*amxScratch)
	defer amxScratches.Put(w)
	p := &w.right
	p.fit(s.N, s.K)
	p.pack(b, s.LDB, s.TransB)
	amxMultiply(w, c, amxLeftOperand(&w.left, a, s), p, s, 0, s.N)
}

// amxScratch is the working memory of one product.
type amxScratch struct {
	right amxPanels
	left  []uint16 // packed or padded rows of A
	edge  []byte   // a block of C that hangs over
}

var amxScratches = sync.Pool{New: func() any { return &amxScratch{} }}

// amxMultiply computes the columns [from,to) of C; from is a multiple of tileSide, and c starts at that column.
func amxMultiply[R Elem](w *amxScratch, c []R, l amxLeft, p *amxPanels, s Shape, from, to int) {
	size := int(unsafe.Sizeof(c[0]))
	if s.Accumulate && size == 2 {
		panic("kernel: bf16 results are not added to")
	}
	// Panel by panel, so that a panel stays in the first cache while all rows pass by.
	high, wide := s.M/tileSide, (to-from)/tileSide
	for j := range wide {
		if high > 0 {
			amxBlocks(unsafe.Pointer(&c[j*tileSide]), s.LDC, size, tileSide, l, 0, p, from+j*tileSide, high, s.Accumulate)
		}
	}
	for row := 0; row < s.M; row += tileSide {
		rows, col := min(tileSide, s.M-row), from+wide*tileSide
		if rows < tileSide {
			col = from
		}
		for ; col < to; col += tileSide {
			amxEdge(w, c[row*s.LDC+col-from:], l, row, p, col, rows, min(tileSide, to-col), s.LDC, s.Accumulate)
		}
	}
}

// amxEdge computes a block of fewer than 32 rows or columns by way of a whole one.
func amxEdge[R Elem](w *amxScratch, c []R, l amxLeft, row int, p *amxPanels, col, rows, cols, ldc int, accumulate bool) {
	size := int(unsafe.Sizeof(c[0]))
	block := unsafe.Slice((*R)(unsafe.Pointer(&aligned(&w.edge, stepSize*size)[0])), stepSize)
	for i := 0; i < rows && accumulate; i++ {
		copy(block[i*tileSide:], c[i*ldc:i*ldc+cols])
	}
	amxBlocks(unsafe.Pointer(&block[0]), tileSide, size, rows, l, row, p, col, 1, accumulate)
	for i := range rows {
		copy(c[i*ldc:i*ldc+cols], block[i*tileSide:])
	}
}

// amxLeft is a left operand whose rows are whole steps, and filled up to a multiple of 16. Strides are in bytes.
type amxLeft struct {
	data            []uint16
	steps           int
	lda, step, half int
	strip           int // elements from 32 rows to the next 32
}

// amxLeftOperand packs or pads A into buf where it has to.
func amxLeftOperand(buf *[]uint16, a []uint16, s Shape) amxLeft {
	steps := (s.K + tileSide - 1) / tileSide
	if s.TransA {
		dst := aligned(buf, (s.M+tileSide-1)/tileSide*steps*stepSize)
		for row := 0; row < s.M; row += tileSide {
			amxPackTransposed(dst[row*steps*tileSide:], a[row:], s.LDA, min(tileSide, s.M-row), s.K)
		}
		return amxLeft{dst, steps, 64, 2 * stepSize, stepSize, steps * stepSize}
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
	return amxLeft{a, steps, 2 * ld, 2 * tileSide, 32 * ld, tileSide * ld}
}

// amxBlocks multiplies up to 32 rows of A, and after them blocks−1 times the next 32, with the panel of column col.
func amxBlocks(c unsafe.Pointer, ldc, size, rows int, l amxLeft, row int, p *amxPanels, col, blocks int, accumulate bool) {
	mode := 0
	if accumulate {
		mode = 1
	}
	if size == 2 {
		mode |= 2
	}
	f := amxBlocksAVX512
	if rows <= 16 {
		f = amxHalfBlocksAVX512
	}
	a := l.data[row/tileSide*l.strip:]
	f((*byte)(c), bytesOf(a), bytesOf(p.at(col/tileSide, 0)), size*ldc, l.lda, l.step, l.half, l.steps, blocks, size*tileSide*ldc, 2*l.strip, 0, mode)
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
