package kernel

// operand is a right operand B [K,N] of several products in a row: packed once, or where it lies if the backend reads rows.
type operand[T Elem] struct {
	be     Backend
	level  *level // whose layout packed has; tests change it
	b      []T
	ld     int
	trans  bool
	packed right[T]
}

// set takes over B [K,N], rows ld apart, or with trans its transpose [N,K]. b must not change before the last product.
func (o *operand[T]) set(be Backend, b []T, n, k, ld int, trans bool) {
	if o.be != be || o.level != cpu {
		o.be, o.level, o.packed = be, cpu, layout[T](be)
	}
	if o.packed == nil {
		o.b, o.ld, o.trans = b, ld, trans
		return
	}
	o.packed.fit(n, k)
	o.packed.pack(b, ld, trans)
}

// product computes C (+)= A·B of shape s: the first s.N columns of B and their first s.K terms.
func product[T, R Elem](o *operand[T], s Shape, c []R, a []T) {
	if o.packed != nil {
		multiply(o.packed, s, c, a, 0, s.N)
		return
	}
	s.LDB, s.TransB = o.ld, o.trans
	Gemm(o.be, s, c, a, o.b)
}
