package kernel

// Traits say what a backend can do beyond multiplying, and how far its results may be relied on. Code above asks for a trait, never for a backend.
type Traits struct {
	// BatchInvariant says that every element of a product is computed by the same operations in the same order, whatever rows and columns stand
	// beside it: a row has the same bits alone and in any batch. oneDNN picks another kernel for another height.
	BatchInvariant bool
	// CutTerms is a number of terms: a product that is cut between multiples of it into several, each adding to C, has the bits of the whole.
	// 0 says that there is none.
	CutTerms int
	// BothTransposed says that products with both operands transposed are there.
	BothTransposed bool
	// TermError bounds the part of a term a·b that is left out, as a share of it, beside the rounding of float32.
	TermError float64
	// HalfSums says that sums of gradients are rounded to bfloat16 (the class's HalfSums).
	HalfSums bool

	// Operands in a layout of the backend's own, or nil where it reads rows as fast.
	packs32 packing[float32]
	packs16 packing[uint16]
	// Attention in bf16 in a way of the backend's own, or nil.
	heads headAttention
}

// packing makes operands in a backend's layout.
type packing[T Elem] interface {
	right() right[T]
	left() left[T]
}

// right is a right operand B [K,N] in a backend's layout.
type right[T Elem] interface {
	fit(n, k int)
	// pack takes over B, rows ld apart, or with trans its transpose [N,K].
	pack(b []T, ld int, trans bool)
	// takeRows takes over rows [at,at+n) of B: x [n,N]. takeColumns takes over its columns: x [n,K]. at is a multiple of PanelAlign, and
	// so is n unless they are the last.
	takeRows(x []T, at, n int)
	takeColumns(x []T, at, n int)
	// multiply computes the columns [from,to) of C = A·B, shape s, of the first s.K terms; c starts at column from, a multiple of PanelAlign.
	// With s.Accumulate the product is added to plus, which lies as c and may be c.
	multiply32(s Shape, c, plus []float32, a []T, from, to int)
	multiply16(s Shape, c []uint16, a []T, from, to int)
}

// left is a left operand Aᵀ [M,K] in a backend's layout.
type left[T Elem] interface {
	// pack takes over A of shape s, which is transposed.
	pack(a []T, s Shape)
	// addProduct adds A·B to C. s has M and K of pack; B [K,N] lies in rows.
	addProduct(c []float32, b []T, s Shape)
}

// headAttention is attention in bf16. Its methods have the arguments of ApplyRotary, AttendForward and AttendBackward.
type headAttention interface {
	// takes says whether it is for heads like these.
	takes(sh AttnShape) bool
	// rotate rotates heads that lie side by side by one position.
	rotate(x []uint16, cos, sin []float32, heads int)
	forward(sh AttnShape, qkv, out []uint16, lse []float32, length, kvHead int)
	backward(sh AttnShape, rope *Rotary, qkv, out, dout, dqkv []uint16, lse []float32, length, kvHead int)
}

// packingOf returns how operands in T are packed for a backend, or nil.
func packingOf[T Elem](be Backend) packing[T] {
	t := be.Traits()
	for _, p := range []any{t.packs32, t.packs16} {
		if p, ok := p.(packing[T]); ok {
			return p
		}
	}
	return nil
}

// headsOf returns a backend's own attention for operands in T, or nil.
func headsOf[T Elem](be Backend, sh AttnShape) headAttention {
	var zero T
	if _, half := any(zero).(uint16); half {
		if h := be.Traits().heads; h != nil && h.takes(sh) {
			return h
		}
	}
	return nil
}
