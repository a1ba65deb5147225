package kernel

// pairShare is a product in pairs of terms: m rows and n columns of C = from + A·B, or of A·B where from is nil. C is c, or half where the result is
// rounded to bf16. A lies in strips of high rows, strip elements apart: the two terms of pair p of row i of a strip stand at ai·i + ak·p. B lies in
// panels of pairColumns columns, panel elements apart: those of column j of a panel stand at 64·p + 2·j.
type pairShare struct {
	c, from     []float32
	half        []uint16
	a, b        []uint16
	m, n, pairs int // pairs ≥ 1
	ai, ak      int
	high, strip int
	panel       int
	ldc, ldfrom int
}

// parts calls f for each panel with one strip after the other, which are products of one strip and one panel.
func (s pairShare) parts(f func(part pairShare)) {
	for col := 0; col < s.n; col += pairColumns {
		for row := 0; row < s.m; row += s.high {
			part := s.result(row, col)
			part.m, part.n = min(s.high, s.m-row), min(pairColumns, s.n-col)
			part.a, part.b = s.a[row/s.high*s.strip:], s.b[col/pairColumns*s.panel:]
			f(part)
		}
	}
}

// result is the share with C and from beginning at a row and a column.
func (s pairShare) result(row, col int) pairShare {
	if at := row*s.ldc + col; s.half != nil {
		s.half = s.half[at:]
	} else {
		s.c = s.c[at:]
	}
	if s.from != nil {
		s.from = s.from[row*s.ldfrom+col:]
	}
	return s
}

// pairColumns is the width of a panel.
const pairColumns = 32

// pairProductGo is the reference.
func pairProductGo(s pairShare) {
	s.parts(pairPanelGo)
}

func pairPanelGo(s pairShare) {
	s.each(func(sum float32, terms func(p int) (a, b []uint16)) float32 {
		for p := range s.pairs {
			a, b := terms(p)
			sum = pairStep(a[0], a[1], b[0], b[1], sum)
		}
		return sum
	})
}

// stepPairs is the number of pairs in a step of class bf16-tile.
const stepPairs = 16

// stepProductGo is the reference of the same in class bf16-tile: s.pairs is whole steps.
func stepProductGo(s pairShare) {
	s.parts(stepPanelGo)
}

func stepPanelGo(s pairShare) {
	s.each(func(sum float32, terms func(p int) (a, b []uint16)) float32 {
		for first := 0; first < s.pairs; first += stepPairs {
			var even, odd float32
			for p := range stepPairs {
				a, b := terms(first + p)
				even = fusedStep(widenBF16(a[0]), widenBF16(b[0]), even)
				odd = fusedStep(widenBF16(a[1]), widenBF16(b[1]), odd)
			}
			sum = fusedStep(sum, 1, fusedStep(even, 1, odd))
		}
		return sum
	})
}

// each computes every element of C, of one strip and one panel, from where its sum starts and its pairs of terms.
func (s pairShare) each(add func(start float32, terms func(p int) (a, b []uint16)) float32) {
	for i := range s.m {
		for j := range s.n {
			start := float32(0)
			if s.from != nil {
				start = s.from[i*s.ldfrom+j]
			}
			sum := add(start, func(p int) (a, b []uint16) { return s.a[i*s.ai+p*s.ak:], s.b[2*(p*pairColumns+j):] })
			if s.half != nil {
				s.half[i*s.ldc+j] = roundBF16(sum)
			} else {
				s.c[i*s.ldc+j] = sum
			}
		}
	}
}

// packPairRowsGo packs pairColumns columns of B, given as rows of 32·steps terms, ld apart.
func packPairRowsGo(dst, src []uint16, ld, steps int) {
	for p := range 16 * steps {
		even, odd := src[2*p*ld:], src[(2*p+1)*ld:]
		for j := range pairColumns {
			dst[2*(p*pairColumns+j)], dst[2*(p*pairColumns+j)+1] = even[j], odd[j]
		}
	}
}

// packPairColumnsGo is packPairRowsGo of B given as its transpose: pairColumns rows of 32·steps terms.
func packPairColumnsGo(dst, src []uint16, ld, steps int) {
	for j := range pairColumns {
		row := src[j*ld:]
		for p := range 16 * steps {
			dst[2*(p*pairColumns+j)], dst[2*(p*pairColumns+j)+1] = row[2*p], row[2*p+1]
		}
	}
}
