package kernel

// pairShare is one panel of a product in class bf16-pair: m rows and n ≤ pairColumns columns of C = from + A·B, or of A·B where from is nil. The two
// terms of pair p of row i stand at a[ai·i + ak·p], those of column j at b[64·p + 2·j]. C is c, or half where the result is rounded to bf16.
type pairShare struct {
	c, from     []float32
	half        []uint16
	a, b        []uint16
	m, n, pairs int // pairs ≥ 1
	ai, ak      int
	ldc, ldfrom int
}

// pairColumns is the width of a panel.
const pairColumns = 32

// pairPanelGo is the reference.
func pairPanelGo(s pairShare) {
	for i := range s.m {
		for j := range s.n {
			sum := float32(0)
			if s.from != nil {
				sum = s.from[i*s.ldfrom+j]
			}
			for p := range s.pairs {
				a, b := s.a[i*s.ai+p*s.ak:], s.b[2*(p*pairColumns+j):]
				sum = pairStep(a[0], a[1], b[0], b[1], sum)
			}
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
