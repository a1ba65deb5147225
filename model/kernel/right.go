package kernel

// Right is a right operand B [K,N] of several products in a row, for callers outside this package.
type Right[T Elem] struct{ operand operand[T] }

// Set takes over B [K,N], rows ld apart, or with trans its transpose [N,K]. b must not change before the last product.
func (r *Right[T]) Set(be Backend, b []T, n, k, ld int, trans bool) {
	r.operand.set(be, b, n, k, ld, trans)
}

// Product computes C (+)= A·B for the first s.N columns of B and their first s.K terms; of B's own, s needs nothing else.
func Product[T, R Elem](r *Right[T], s Shape, c []R, a []T) { product(&r.operand, s, c, a) }
