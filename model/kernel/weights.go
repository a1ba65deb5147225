package kernel

import "sync"

// Weights is a matrix W [N,K] that many products read between two changes, in the backend's own layout: a copy, taken over by Set.
type Weights[T Elem] struct {
	be           Backend
	n, k         int
	rows         []T       // W, for a backend that reads rows
	own          []T       // memory of its own for them; nil = rows are the master's
	linear, grad right[T]  // Wᵀ or W as a right operand, for one that has a layout of its own
	rooms        sync.Pool // *rowRoom[T]
}

// layout returns an empty right operand, or nil if the backend reads rows as fast.
func layout[T Elem](be Backend) right[T] {
	if p := packingOf[T](be); p != nil {
		return p.right()
	}
	return nil
}

// NewWeights prepares Weights for y = x·Wᵀ: Linear and LinearPlus. Set fills them.
func NewWeights[T Elem](be Backend, n, k int) *Weights[T] {
	w := &Weights[T]{be: be, n: n, k: k}
	if w.linear = layout[T](be); w.linear != nil {
		w.linear.fit(n, k)
	}
	return w
}

// NewGradWeights prepares Weights for dx = dy·W: LinearGrad. Set fills them.
func NewGradWeights[T Elem](be Backend, n, k int) *Weights[T] {
	w := &Weights[T]{be: be, n: n, k: k}
	if w.grad = layout[T](be); w.grad != nil {
		w.grad.fit(k, n)
	}
	return w
}

// Set takes over the values of master [N,K]. In float32 a backend that reads rows keeps the slice itself.
func (w *Weights[T]) Set(master []float32) {
	if same, ok := any(master).([]T); ok && w.linear == nil && w.grad == nil {
		w.rows = same
		return
	}
	w.Fill(func(_ *[]float32, lo, hi int) []float32 { return master[lo*w.k : hi*w.k] })
}

// Fill takes over values that rows makes: those of the rows lo..hi, [hi−lo, K]. It is called from several goroutines, each with room of its own,
// which grows as it must.
func (w *Weights[T]) Fill(rows func(room *[]float32, lo, hi int) []float32) {
	packed := w.linear != nil || w.grad != nil
	if !packed {
		w.rows = Grow(&w.own, w.n*w.k)
	}
	Tiles(w.n, 2*PanelAlign, func(lo, hi int) {
		r, ok := w.rooms.Get().(*rowRoom[T])
		if !ok {
			r = new(rowRoom[T])
		}
		defer w.rooms.Put(r)
		values := rows(&r.made, lo, hi)
		if !packed {
			Convert(w.rows[lo*w.k:hi*w.k], values)
			return
		}
		x := Grow(&r.converted, (hi-lo)*w.k)
		Convert(x, values)
		if w.linear != nil {
			w.linear.takeColumns(x, lo, hi-lo)
		} else {
			w.grad.takeRows(x, lo, hi-lo)
		}
	})
}

// rowRoom holds some rows on their way into Weights.
type rowRoom[T Elem] struct {
	made      []float32
	converted []T
}

// Linear computes y [M,to−from] (+)= x [M,K]·Wᵀ for the rows [from,to) of W, from a multiple of PanelAlign. ldx and ldy are the distances
// between rows.
func Linear[T, R Elem](w *Weights[T], y []R, x []T, m, ldx, ldy, from, to int, accumulate bool) {
	s := Shape{M: m, N: to - from, K: w.k, LDA: ldx, LDB: w.k, LDC: ldy, TransB: true, Accumulate: accumulate}
	if w.linear == nil {
		Gemm(w.be, s, y, x, w.rows[from*w.k:to*w.k])
		return
	}
	multiply(w.linear, s, y, x, from, to)
}

// LinearPlus computes y [M,N] = plus + x [M,K]·Wᵀ: the residual stream behind a block. Rows of y and plus are N apart.
func LinearPlus[T Elem](w *Weights[T], y, plus []float32, x []T, m, ldx int) {
	s := Shape{M: m, N: w.n, K: w.k, LDA: ldx, LDB: w.k, LDC: w.n, TransB: true, Accumulate: true}
	if w.linear == nil {
		copy(y[:m*w.n], plus)
		Gemm(w.be, s, y, x, w.rows)
		return
	}
	w.linear.multiply32(s, y, plus[:m*w.n], x, 0, w.n)
}

// LinearGrad computes dx [M,K] (+)= dy [M,N]·W.
func LinearGrad[T, R Elem](w *Weights[T], dx []R, dy []T, m, ldy, ldx int, accumulate bool) {
	s := Shape{M: m, N: w.k, K: w.n, LDA: ldy, LDB: w.k, LDC: ldx, Accumulate: accumulate}
	if w.grad == nil {
		Gemm(w.be, s, dx, dy, w.rows)
		return
	}
	multiply(w.grad, s, dx, dy, 0, w.k)
}

func multiply[T, R Elem](b right[T], s Shape, c []R, a []T, from, to int) {
	if c32, ok := any(c).([]float32); ok {
		b.multiply32(s, c32, c32, a, from, to)
	} else {
		b.multiply16(s, any(c).([]uint16), a, from, to)
	}
}
