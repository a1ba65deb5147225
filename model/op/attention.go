package op

import (
	"fmt"

	"github.com/chewxy/hm"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"slm/model/kernel"
)

// attention keeps what one layer's gradient needs.
type attention[T kernel.Elem] struct {
	*Runtime[T]
	wQKV, wOut *weight[T]
	uQKV, uOut *update[T]
	qkv        []T       // [N, (H+2KV)·hd], queries and keys rotated
	att        []T       // [N, H·hd]
	rstd       []float32 // [N]
	lse        []float32 // [N, H]
}

// Attention is the block y = x + attend(norm(x)·Wqkvᵀ)·Woutᵀ with causal attention inside each document: x [N,C] → [N,C].
// docs [N] holds the index of the first token of each token's document, −1 for padding. toQKV and toOut change the matrices, where they are not nil.
func Attention[T kernel.Elem](r *Runtime[T], layer int, x, docs, norm, qkv, out *G.Node, toQKV, toOut *Update) (*G.Node, error) {
	n, c := r.tokens(), r.Width
	a := &attention[T]{Runtime: r, uQKV: r.update("qkv", toQKV), uOut: r.update("out", toOut)}
	a.wQKV, a.wOut = a.uQKV.onto(r.weight("qkv", qkv)), a.uOut.onto(r.weight("out", out))
	if from := r.attended; from != nil && r.shared() {
		a.qkv, a.att, a.rstd, a.lse = from.qkv, from.att, from.rstd, from.lse
	} else {
		a.qkv, a.att, a.rstd, a.lse = make([]T, n*r.qkvWidth()), make([]T, n*r.qWidth()), make([]float32, n), make([]float32, n*r.Heads)
		r.attended = a
	}
	name := fmt.Sprintf("attention.%d", layer)
	nodes, types, wrt := inputs(G.Nodes{x, docs, norm, qkv, out}, []hm.Type{matrix, indices, vector, matrix, matrix}, []bool{true, false, true, true, true}, r.Frozen, toQKV, toOut)
	o := &Op{name: name, in: types, out: matrix, shape: tensor.Shape{n, c}, wrt: wrt, home: r.kept()}
	o.run = func(y []float32, in []G.Value) error {
		if layer == 0 {
			r.setDocuments(ints(in[1]))
		}
		a.forward(y, floats(in[0]), floats(in[2]))
		return nil
	}
	o.diff = func(inputs G.Nodes, _, grad *G.Node) (G.Nodes, error) {
		r.alloc()
		var dNorm, dQKV, dOut *accumulator
		if !r.Frozen {
			dNorm, dQKV, dOut = r.gradient(c), r.weightGradient(r.qkvWidth(), c), r.weightGradient(c, r.qWidth())
		}
		low := append(a.uQKV.gradients(), a.uOut.gradients()...)
		d := &Op{name: name + ".grad", in: []hm.Type{matrix, matrix, vector}, out: matrix, shape: tensor.Shape{n, c}, home: r.passing()}
		d.run = func(dx []float32, in []G.Value) error {
			a.backward(dx, floats(in[0]), floats(in[1]), floats(in[2]), dNorm, dQKV, dOut)
			return nil
		}
		dx, err := G.ApplyOp(d, inputs[0], grad, inputs[2])
		if err != nil {
			return nil, err
		}
		return r.gradientNodes(name, dx, 1, append([]*accumulator{dNorm, dQKV, dOut}, low...)...)
	}
	return G.ApplyOp(o, nodes...)
}

// normRows fills rows lo..hi of h with norm(x) and keeps the reciprocal root mean squares.
func normRows[T kernel.Elem](h []T, x, w, rstd []float32, lo, hi, width int, eps float32) {
	for i := lo; i < hi; i++ {
		rstd[i] = kernel.Rstd(x[i*width:(i+1)*width], eps)
		normRow(h[(i-lo)*width:(i-lo+1)*width], x[i*width:(i+1)*width], w, rstd[i])
	}
}

// normAgain fills rows lo..hi of h with norm(x) from the roots that normRows has kept.
func normAgain[T kernel.Elem](h []T, x, w, rstd []float32, lo, hi, width int) {
	for i := lo; i < hi; i++ {
		normRow(h[(i-lo)*width:(i-lo+1)*width], x[i*width:(i+1)*width], w, rstd[i])
	}
}

func normRow[T kernel.Elem](h []T, x, w []float32, rstd float32) {
	switch h := any(h).(type) {
	case []float32:
		kernel.NormScale(h, x, w, rstd)
	case []uint16:
		kernel.NormScaleBF16(h, x, w, rstd)
	}
}

func (a *attention[T]) forward(y, x, norm []float32) {
	c, qw := a.Width, a.qWidth()
	a.attend(x, norm)
	out := a.wOut.linear()
	a.tiles(func(_, lo, hi int) {
		kernel.LinearPlus(out, y[lo*c:hi*c], x[lo*c:hi*c], a.att[lo*qw:hi*qw], hi-lo, qw)
	})
}

// attend computes what the block keeps for its gradient.
func (a *attention[T]) attend(x, norm []float32) {
	c, wide, qw, qkv := a.Width, a.qkvWidth(), a.qWidth(), a.wQKV.linear()
	a.tiles(func(_, lo, hi int) {
		h := buffer[T](tileRows * c)
		defer release(h)
		normRows(*h, x, norm, a.rstd, lo, hi, c, a.Eps)
		kernel.Linear(qkv, a.qkv[lo*wide:hi*wide], *h, hi-lo, c, wide, 0, wide, false)
		kernel.ApplyRotary(a.be, a.attn, a.rope, a.qkv[lo*wide:hi*wide], a.positions[lo:hi])
	})
	clearPadding(a.att, a.docs, qw)
	a.documents(func(d document, kvHead int) {
		first, end := d.first, d.first+d.length
		kernel.AttendForward(a.be, a.attn, a.qkv[first*wide:end*wide], a.att[first*qw:end*qw], a.lse[first*a.Heads:end*a.Heads], d.length, kvHead)
	})
}

// documents runs f for each key head of each document.
func (a *attention[T]) documents(f func(d document, kvHead int)) {
	kernel.Parallel(len(a.docs)*a.KVHeads, func(i int) { f(a.docs[i/a.KVHeads], i%a.KVHeads) })
}

func (a *attention[T]) backward(dx, x, dy, norm []float32, dNorm, dQKV, dOut *accumulator) {
	if a.Recompute {
		a.attend(x, norm)
	}
	c, wide, qw := a.Width, a.qkvWidth(), a.qWidth()
	dqkv, datt := a.dWide[:a.tokens()*wide], a.dMid[:a.tokens()*qw]
	out, qkv := a.wOut.grad(), a.wQKV.grad()
	a.tiles(func(_, lo, hi int) {
		kernel.Convert(a.dy[lo*c:hi*c], dy[lo*c:hi*c])
		kernel.LinearGrad(out, datt[lo*qw:hi*qw], a.dy[lo*c:hi*c], hi-lo, c, qw, false)
	})
	clearPadding(dqkv, a.docs, wide)
	a.documents(func(d document, kvHead int) {
		first, end := d.first, d.first+d.length
		kernel.AttendBackward(a.be, a.attn, a.rope, a.qkv[first*wide:end*wide], a.att[first*qw:end*qw], datt[first*qw:end*qw],
			dqkv[first*wide:end*wide], a.lse[first*a.Heads:end*a.Heads], d.length, kvHead)
	})
	a.tiles(func(tile, lo, hi int) {
		a.normBackward(dx, x, dy, norm, a.rstd, dqkv, wide, qkv, tile, lo, hi)
	})
	a.reduceNorms(dNorm)
	if a.Frozen {
		a.weightGradients(0, a.Seqs, append(a.uQKV.products(dqkv, wide, a.h, c), a.uOut.products(a.dy, c, a.att, qw)...)...)
		return
	}
	a.weightGradients(0, a.Seqs,
		product[T]{sums: dQKV, dy: dqkv, ldy: wide, x: a.h, ldx: c},
		product[T]{sums: dOut, dy: a.dy, ldy: c, x: a.att, ldx: qw},
	)
}

// normBackward finishes a block's gradient for one tile: through the projection w [wide,C] of dWide [N,wide], through the norm, and along the
// residual. It leaves norm(x) in r.h for the projection's own gradient.
func (r *Runtime[T]) normBackward(dx, x, dy, norm, rstd []float32, dWide []T, wide int, w *kernel.Weights[T], tile, lo, hi int) {
	c := r.Width
	dh := buffer[float32](tileRows * c)
	defer release(dh)
	kernel.LinearGrad(w, *dh, dWide[lo*wide:hi*wide], hi-lo, wide, c, false)
	normAgain(r.h[lo*c:hi*c], x, norm, rstd, lo, hi, c)
	partial := r.norms[tile*c : (tile+1)*c]
	clear(partial)
	for i := lo; i < hi; i++ {
		copy(dx[i*c:(i+1)*c], dy[i*c:(i+1)*c])
		kernel.RMSNormGrad(dx[i*c:(i+1)*c], partial, (*dh)[(i-lo)*c:(i-lo+1)*c], x[i*c:(i+1)*c], norm, rstd[i])
	}
}
