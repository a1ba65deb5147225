package kernel

import (
	"math"

	"slm/model/kernel/internal/amx"
	"slm/model/kernel/internal/avx512"
)

// amx32Backend multiplies float32 on the tiles. An operand is split into parts of bf16, 8 bits each, and the products of the largest parts
// are summed (Henry, Tang and Heinecke 2019, arXiv 1904.06376).
//
// A tile product adds its 32 terms to each other before it adds them to the sum, so that a sum has a few roundings where a chain of fused
// multiply-adds has 32. Parts and sums below 2⁻¹²⁶ are taken for 0. An infinite value, NaN, and a value above 3.39e38, give NaN.
//
// After splitDepth steps the sums are added to C, in float32. So a product that is cut into several, each adding to C, may have other bits.
type amx32Backend struct {
	goBackend
	*splitting
}

const splitDepth = gemmBlock / tileSide // steps that are summed before they are added to C

// splitting is one way to split: how many parts, and the vectors that do it.
type splitting struct {
	name      string
	parts     int
	termError float64                             // see Traits
	row       func(dst, src *byte, steps int)     // of a left operand
	packLeft  func(dst, src *byte, ld, steps int) // 32 rows of a left operand, given as 32 columns of its transpose
	filling[float32]
}

var (
	// threeParts lose nothing, x = x₁ + x₂ + x₃; of their nine products the three smallest, below 2⁻²⁵ of a term, are left out. Errors are smaller
	// than those of the Go kernel.
	threeParts = newSplitting("amx-f32", 3, 0, avx512.Split3Row, avx512.Split3Left, avx512.Split3Columns, avx512.Split3Rows)
	// twoParts keep 16 bits of a value, and three of their four products: twice as fast, and between bf16 and float32 in accuracy. PyTorch calls
	// this float32 precision "high", oneMKL float_to_bf16x3. A factor is kept to 2⁻¹⁷, and the product of the second parts is below 2⁻¹⁶ of the term.
	twoParts = newSplitting("amx-bf16x3", 2, 0x1p-15, avx512.Split2Row, avx512.Split2Left, avx512.Split2Columns, avx512.Split2Rows)
)

func newSplitting(name string, parts int, termError float64, row func(dst, src *byte, steps int), packLeft, columns, rows func(dst, src *byte, ld, steps int)) *splitting {
	s := &splitting{name: name, parts: parts, termError: termError, row: row, packLeft: packLeft}
	// A step of a panel holds the tiles of x₁, then those of the other parts; the pair k of a tile is the terms k and k+16.
	s.filling = filling[float32]{parts, columns, rows, func(step []uint16, i, j int, v float32) {
		s.put(step[j/16*512+i%16*32+j%16*2+i/16:], v)
	}, s.leftOperand}
	return s
}

func openAMXF32() (Backend, error)    { return openAMX32(threeParts) }
func openAMXBF16x3() (Backend, error) { return openAMX32(twoParts) }

func openAMX32(s *splitting) (Backend, error) {
	if err := amxReady(); err != nil {
		return nil, err
	}
	return amx32Backend{splitting: s}, nil
}

func (b amx32Backend) Name() string       { return b.name + "+" + CPU() }
func (b amx32Backend) Class() Class       { return FastClass(b.Name()) }
func (amx32Backend) Precision() Precision { return F32 }

func (b amx32Backend) Traits() Traits {
	return Traits{BatchInvariant: true, TermError: b.termError, packs32: &b.filling}
}

func (b amx32Backend) Gemm32(s Shape, c, x, y []float32) { tileGemm(s, c, x, y, &b.filling) }

// put writes the parts of v, a step's tiles apart. It is the reference of the vectors' splitting: each part is the upper half of what is left, rounded
// to the nearest, ties away from 0. The third needs no rounding: 24 bits are three times 8. In the last, NaN stays NaN.
func (s *splitting) put(dst []uint16, v float32) {
	for i := range s.parts {
		bits := math.Float32bits(v)
		if i < 2 && (i < s.parts-1 || v == v) {
			bits += 0x8000
		}
		dst[i*stepSize] = uint16(bits >> 16)
		v -= widenBF16(dst[i*stepSize])
	}
}

// leftOperand prepares A: strips of 32 rows, in steps as those of a panel. Rows are split when their turn comes, some steps at a time; a
// transpose is split into buf at once.
func (s *splitting) leftOperand(buf *[]uint16, a []float32, sh Shape) amxLeft {
	size := s.parts * stepSize
	steps, strips := (sh.K+tileSide-1)/tileSide, (sh.M+tileSide-1)/tileSide
	l := amxLeft{steps: steps, lda: 64, step: 2 * size, strip: steps * size}
	if !sh.TransA {
		l.strip = min(steps, splitDepth) * size
		l.rows = splitSource{s, a, sh.M, sh.K, sh.LDA}
		l.data = aligned(buf, strips*l.strip)
		return l
	}
	l.data = aligned(buf, strips*l.strip)
	for step := range steps { // so that rows of the transpose are read along
		for row := 0; row < sh.M; row += tileSide {
			s.transposed(l.data[row/tileSide*l.strip+step*size:][:size], a[step*tileSide*sh.LDA+row:], sh.LDA, min(tileSide, sh.M-row), min(tileSide, sh.K-step*tileSide))
		}
	}
	return l
}

// splitSource is a left operand [m,k] in rows ld apart.
type splitSource struct {
	*splitting
	a        []float32
	m, k, ld int
}

// reach splits some steps of the rows.
func (l *amxLeft) reach(step, steps int) {
	s := l.rows
	if s.a == nil {
		return
	}
	l.first = step
	from, to := step*tileSide, min(s.k, (step+steps)*tileSide)
	whole := (to - from) / tileSide
	for i := range s.m {
		dst, src := l.data[i/tileSide*l.strip+i%tileSide*tileSide:], s.a[i*s.ld+from:i*s.ld+to]
		if whole > 0 {
			s.row(bytesOf(dst), bytesOf(src), whole)
		}
		if whole < steps {
			s.end(dst[whole*s.parts*stepSize:], src[whole*tileSide:])
		}
	}
}

// end splits the last terms of a row.
func (s *splitting) end(dst []uint16, src []float32) {
	for i := range s.parts {
		clear(dst[i*stepSize:][:tileSide])
	}
	for k, v := range src {
		s.put(dst[k%16*2+k/16:], v)
	}
}

// transposed splits a step of up to 32 terms of up to 32 rows of a left operand that is given as its transpose a [terms,rows…].
func (s *splitting) transposed(dst []uint16, a []float32, ld, rows, terms int) {
	if rows == tileSide && terms == tileSide {
		s.packLeft(bytesOf(dst), bytesOf(a), 4*ld, 1)
		return
	}
	clear(dst)
	for k := range terms {
		for i, v := range a[k*ld : k*ld+rows] {
			s.put(dst[i*tileSide+k%16*2+k/16:], v)
		}
	}
}

// splitStripOf picks the variant.
func splitStripOf(parts int, half, from bool) func(c, from, a, b, scratch *byte, ldc, ldfrom, lda, stepA, halfA, skipB, steps, blocks int) {
	switch three := parts == 3; {
	case three && half && from:
		return amx.Split3HalfStripFrom
	case three && half:
		return amx.Split3HalfStrip
	case three && from:
		return amx.Split3StripFrom
	case three:
		return amx.Split3Strip
	case half && from:
		return amx.Split2HalfStripFrom
	case half:
		return amx.Split2HalfStrip
	case from:
		return amx.Split2StripFrom
	}
	return amx.Split2Strip
}
