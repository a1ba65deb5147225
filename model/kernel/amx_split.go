package kernel

import "math"

// amx32Backend multiplies float32 on the tiles. An operand is split into three of bf16, x = x₁ + x₂ + x₃, 8 bits each, without a remainder;
// of the nine products the three smallest, below 2⁻²⁵ of a term, are left out (Henry, Tang and Heinecke 2019, arXiv 1904.06376).
//
// A tile product adds its 32 terms to each other before it adds them to the sum, so that six roundings stand where a chain of fused
// multiply-adds has 32: errors are smaller than those of the Go kernel. Parts and sums below 2⁻¹²⁶ are taken for 0. An infinite or undefined
// value, and one above 3.39e38, gives NaN.
//
// After splitDepth steps the sums are added to C, in float32. So a product that is cut into several, each adding to C, may have other bits.
type amx32Backend struct{ goBackend }

const (
	splitParts = 3
	splitDepth = gemmBlock / tileSide // steps that are summed before they are added to C
)

func openAMX32() (Backend, error) {
	if err := amxReady(); err != nil {
		return nil, err
	}
	return amx32Backend{}, nil
}

func (amx32Backend) Name() string         { return "amx-f32+" + CPU() }
func (amx32Backend) Precision() Precision { return F32 }

func (amx32Backend) Gemm32(s Shape, c, a, b []float32) { tileGemm(s, c, a, b, &splits) }

// A step of a panel in float32 holds the tiles of x₁, then those of x₂ and x₃; the pair k of a tile is the terms k and k+16.
var splits = filling[float32]{splitParts, amxSplitColumnsAVX512, amxSplitRowsAVX512, func(step []uint16, i, j int, v float32) {
	splitInto(step[j/16*512+i%16*32+j%16*2+i/16:], v)
}, splitLeftOperand}

// splitInto writes the parts of v, a step's tiles apart.
func splitInto(dst []uint16, v float32) {
	for i, x := range split(v) {
		dst[i*stepSize] = x
	}
}

// split is the twin of the vectors' splitting: each part is the upper half of what is left, rounded to the nearest, ties away from 0. The
// last needs no rounding: 24 bits are three times 8.
func split(v float32) (parts [splitParts]uint16) {
	for i := range splitParts - 1 {
		part := math.Float32bits(v) + 0x8000
		parts[i] = uint16(part >> 16)
		v -= widenBF16(parts[i])
	}
	parts[splitParts-1] = uint16(math.Float32bits(v) >> 16)
	return parts
}

// splitLeftOperand prepares A: strips of 32 rows, in steps as those of a panel. Rows are split when their turn comes, some steps at a time; a
// transpose is split into buf at once.
func splitLeftOperand(buf *[]uint16, a []float32, s Shape) amxLeft {
	const size = splitParts * stepSize
	steps, strips := (s.K+tileSide-1)/tileSide, (s.M+tileSide-1)/tileSide
	l := amxLeft{steps: steps, lda: 64, step: 2 * size, strip: steps * size}
	if !s.TransA {
		l.strip = min(steps, splitDepth) * size
		l.rows = splitSource{a, s.M, s.K, s.LDA}
		l.data = aligned(buf, strips*l.strip)
		return l
	}
	l.data = aligned(buf, strips*l.strip)
	for step := range steps { // so that rows of the transpose are read along
		for row := 0; row < s.M; row += tileSide {
			splitTransposed(l.data[row/tileSide*l.strip+step*size:][:size], a[step*tileSide*s.LDA+row:], s.LDA, min(tileSide, s.M-row), min(tileSide, s.K-step*tileSide))
		}
	}
	return l
}

// splitSource is a left operand [m,k] in rows ld apart.
type splitSource struct {
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
			amxSplitRowAVX512(bytesOf(dst), bytesOf(src), whole)
		}
		if whole < steps {
			splitEnd(dst[whole*splitParts*stepSize:], src[whole*tileSide:])
		}
	}
}

// splitEnd splits the last terms of a row.
func splitEnd(dst []uint16, src []float32) {
	for i := range splitParts {
		clear(dst[i*stepSize:][:tileSide])
	}
	for k, v := range src {
		splitInto(dst[k%16*2+k/16:], v)
	}
}

// splitTransposed splits a step of up to 32 terms of up to 32 rows of a left operand that is given as its transpose a [terms,rows…].
func splitTransposed(dst []uint16, a []float32, ld, rows, terms int) {
	if rows == tileSide && terms == tileSide {
		amxSplitLeftAVX512(bytesOf(dst), bytesOf(a), 4*ld, 1)
		return
	}
	clear(dst)
	for k := range terms {
		for i, v := range a[k*ld : k*ld+rows] {
			splitInto(dst[i*tileSide+k%16*2+k/16:], v)
		}
	}
}

// splitStripOf picks the variant.
func splitStripOf(half, from bool) func(c, from, a, b, scratch *byte, ldc, ldfrom, lda, stepA, halfA, skipB, steps, blocks int) {
	switch {
	case half && from:
		return amxSplitHalfStripFromAVX512
	case half:
		return amxSplitHalfStripAVX512
	case from:
		return amxSplitStripFromAVX512
	}
	return amxSplitStripAVX512
}
