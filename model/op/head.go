package op

import (
	"fmt"
	"math"

	"github.com/chewxy/hm"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"slm/model/kernel"
)

// head keeps what the gradient of the last norm and of the projection onto the vocabulary needs. The gradient is computed together with the
// loss, slice by slice, so that the logits of a whole batch never exist (Hsu et al. 2024, Liger kernel, §3.2).
type head[T kernel.Elem] struct {
	*Runtime[T]
	w            *weight[T] // [V,C]
	rstd         []float32
	train        bool
	dNorm, dHead *accumulator
}

// rowsAtOnce bounds the rows of logits that one worker holds, and groupRows those whose gradients wait for the weight gradient.
func (h *head[T]) rowsAtOnce() int { return max(16, min(64, 1<<19/h.Vocab/16*16)) }
func (h *head[T]) groupSeqs() int  { return max(1, 2048/h.Len) }

// Head is the loss: scale · Σ −log softmax(norm(x)·Wᵀ)[target] over the tokens with a target ≥ 0. x [N,C], targets [N], W [V,C] → scalar.
// tied says that W is also the embedding. With scale = 1/(number of targets in the optimiser step) it is the mean, whatever the micro-batches.
func Head[T kernel.Elem](r *Runtime[T], train, tied bool, x, targets, scale, norm, w *G.Node) (*G.Node, error) {
	h := &head[T]{Runtime: r, w: r.weight(w, train), rstd: make([]float32, r.tokens()), train: train}
	n, c := r.tokens(), r.Width
	o := &Op{
		name: "head", in: []hm.Type{matrix, indices, scalarT, vector, matrix}, out: scalarT,
		wrt: []bool{true, false, false, true, true},
	}
	if train {
		r.alloc()
		h.dNorm, h.dHead = r.gradient(c), r.weightGradient(r.Vocab, c)
		h.dHead.summed = tied
		r.dLogits = make([]T, min(r.Seqs, h.groupSeqs())*r.Len*r.Vocab)
	}
	o.run = func(out []float32, in []G.Value) error {
		out[0] = float32(h.forward(floats(in[0]), ints(in[1]), floats(in[2])[0], floats(in[3])))
		return nil
	}
	o.diff = func(inputs G.Nodes, output, grad *G.Node) (G.Nodes, error) {
		if !train {
			return nil, fmt.Errorf("op: this head was built without gradient")
		}
		d := &Op{name: "head.grad", in: []hm.Type{scalarT, scalarT}, out: matrix, shape: tensor.Shape{n, c}, home: r.passing()}
		d.run = func(dx []float32, in []G.Value) error {
			if g := floats(in[1])[0]; g != 1 {
				return fmt.Errorf("op: the loss must be the graph's end: its gradient is %v, not 1", g)
			}
			kernel.Tiles(len(dx), 1<<18, func(lo, hi int) { copy(dx[lo:hi], h.headDX[lo:hi]) })
			return nil
		}
		dx, err := G.ApplyOp(d, output, grad)
		if err != nil {
			return nil, err
		}
		return gradientNodes("head", dx, 2, h.dNorm, h.dHead)
	}
	return G.ApplyOp(o, x, targets, scale, norm, w)
}

func (h *head[T]) forward(x []float32, targets []int32, scale float32, norm []float32) float64 {
	c := h.Width
	for first := 0; first < h.Seqs; first += h.groupSeqs() {
		lo, hi := first*h.Len, min(first+h.groupSeqs(), h.Seqs)*h.Len
		rows := h.rowsAtOnce()
		per := (h.Len + rows - 1) / rows // slices of one row of the batch
		kernel.Parallel((hi-lo)/h.Len*per, func(i int) {
			from := lo + i/per*h.Len + i%per*rows
			h.slice(x, targets, scale, norm, lo, from, min(from+rows, lo+(i/per+1)*h.Len))
		})
		if h.train {
			h.weightGradients((hi-lo)/h.Len, product[T]{sums: h.dHead, dy: h.dLogits, ldy: h.Vocab, x: h.h[lo*c:], ldx: c})
		}
	}
	if h.train {
		h.tiles(func(tile, lo, hi int) {
			partial := h.norms[tile*c : (tile+1)*c]
			clear(partial)
			dh := buffer[float32](c)
			defer release(dh)
			for i := lo; i < hi; i++ {
				dx := h.headDX[i*c : (i+1)*c]
				copy(*dh, dx)
				clear(dx)
				kernel.RMSNormGrad(dx, partial, *dh, x[i*c:(i+1)*c], norm, h.rstd[i])
			}
		})
		h.reduceNorms(h.dNorm.data)
	}
	sum := 0.0
	for _, l := range h.losses {
		sum += float64(l)
	}
	return sum * float64(scale)
}

// slice computes loss and gradient of the logits for tokens lo..hi of the group that starts at token group.
func (h *head[T]) slice(x []float32, targets []int32, scale float32, norm []float32, group, lo, hi int) {
	c, v := h.Width, h.Vocab
	logits := buffer[float32](h.rowsAtOnce() * v)
	defer release(logits)
	hidden := buffer[T](h.rowsAtOnce() * c)
	defer release(hidden)
	normed := (*hidden)[:(hi-lo)*c]
	if h.train {
		normed = h.h[lo*c : hi*c]
	}
	normRows(normed, x, norm, h.rstd, lo, hi, c, h.Eps)
	kernel.Linear(h.w.Weights, *logits, normed, hi-lo, c, v, 0, v, false)
	for i := lo; i < hi; i++ {
		row := (*logits)[(i-lo)*v : (i-lo+1)*v]
		target := int(targets[i])
		h.losses[i] = 0
		if target >= 0 {
			lse := kernel.LogSumExp(row)
			h.losses[i] = lse - row[target]
			if h.train {
				kernel.XentGrad(row, lse, scale)
				row[target] -= scale
			}
		} else {
			clear(row)
		}
		if h.train {
			kernel.Convert(h.dLogits[(i-group)*v:(i-group+1)*v], row)
		}
	}
	if h.train {
		kernel.LinearGrad(h.w.Weights, h.headDX[lo*c:hi*c], h.dLogits[(lo-group)*v:(hi-group)*v], hi-lo, v, c, false)
	}
}

// Finite reports whether every loss of the last run is a number.
func (r *Runtime[T]) Finite() bool {
	for _, l := range r.losses {
		if math.IsNaN(float64(l)) || math.IsInf(float64(l), 0) {
			return false
		}
	}
	return true
}
