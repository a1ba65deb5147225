package op

import (
	"fmt"
	"math"
	"slices"

	"github.com/chewxy/hm"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"slm/internal/elementary"
	"slm/model/kernel"
)

// head keeps what the gradient of the last norm and of the projection onto the vocabulary needs. The gradient is computed together with the
// loss, slice by slice, so that the logits of a whole batch never exist (Hsu et al. 2024, Liger kernel, §3.2).
type head[T kernel.Elem] struct {
	*Runtime[T]
	w            *weight[T] // [V,C]
	linear, grad *kernel.Weights[T]
	rstd         []float32
	train        bool
	dNorm, dHead *accumulator
	prefer       *preference // nil: each target by itself
}

// groupSeqs bounds the rows of the batch whose logits' gradients wait for the weight gradient: 2,048 tokens of them, and 32 million logits.
// A pair of rows is not divided.
func (h *head[T]) groupSeqs() int {
	n := min(2048, (1<<25)/h.Vocab) / h.Len
	if h.prefer != nil {
		return max(2, n&^1)
	}
	return max(1, n)
}

// headColumns is the width of the logits that a tile computes at a time: with the part of W that they come from, they stay in the cache.
const headColumns = 512

// Head is the loss: scale · Σ −log softmax(norm(x)·Wᵀ)[target] over the tokens with a target ≥ 0. x [N,C], targets [N], W [V,C] → scalar.
// tied says that W is also the embedding, whose gradient it joins. With scale = 1/(number of targets in the optimiser step) it is the mean,
// whatever the micro-batches.
func Head[T kernel.Elem](r *Runtime[T], train, tied bool, x, targets, scale, norm, w *G.Node) (*G.Node, error) {
	h := newHead(r, train, w)
	o := &Op{
		name: "head", in: []hm.Type{matrix, indices, scalarT, vector, matrix}, out: scalarT,
		wrt: []bool{true, false, false, !r.Frozen, !r.Frozen},
	}
	o.run = func(out []float32, in []G.Value) error {
		out[0] = float32(h.forward(floats(in[0]), ints(in[1]), floats(in[2])[0], floats(in[3])))
		return nil
	}
	o.diff = h.end(tied)
	return G.ApplyOp(o, x, targets, scale, norm, w)
}

func newHead[T kernel.Elem](r *Runtime[T], train bool, w *G.Node) *head[T] {
	return &head[T]{Runtime: r, w: r.weight("head", w), rstd: make([]float32, r.tokens()), train: train}
}

// end allocates what the gradient needs, if there will be one, and returns the op's diff. The loss is the graph's end.
func (h *head[T]) end(tied bool) func(inputs G.Nodes, output, grad *G.Node) (G.Nodes, error) {
	r, n, c := h.Runtime, h.tokens(), h.Width
	if h.train {
		r.alloc()
		if !r.Frozen {
			h.dNorm, h.dHead = r.gradient(c), r.weightGradient(r.Vocab, c)
			if tied {
				h.dHead.into = r.embedGradient()
			}
		}
		r.dLogits = make([]T, min(r.Seqs, h.groupSeqs())*r.Len*r.Vocab)
	}
	return func(inputs G.Nodes, output, grad *G.Node) (G.Nodes, error) {
		if !h.train {
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
		nodes, err := r.gradientNodes("head", dx, 2, h.dNorm, h.dHead)
		if err != nil {
			return nil, err
		}
		return append(nodes, make(G.Nodes, len(inputs)-len(nodes))...), nil
	}
}

func (h *head[T]) forward(x []float32, targets []int32, scale float32, norm []float32) float64 {
	c, per := h.Width, h.tilesPerSeq()
	if h.linear = h.w.linear(); h.train {
		h.grad = h.w.grad()
	}
	for first := 0; first < h.Seqs; first += h.groupSeqs() {
		seqs := min(h.groupSeqs(), h.Seqs-first)
		if h.prefer != nil {
			h.prefers(x, targets, scale, norm, first, seqs)
		} else {
			kernel.Parallel(seqs*per, func(i int) {
				h.tile(first*per+i, func(_, lo, hi int) { h.slice(x, targets, scale, norm, first*h.Len, lo, hi) })
			})
		}
		if h.train && !h.Frozen {
			h.weightGradients(first, seqs, product[T]{sums: h.dHead, dy: h.dLogits, ldy: h.Vocab, x: h.h[first*h.Len*c:], ldx: c})
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
		h.reduceNorms(h.dNorm)
	}
	return h.Total(float64(scale))
}

// slice computes the loss of the tokens lo..hi of the group that starts at token group, and the gradient of their logits.
func (h *head[T]) slice(x []float32, targets []int32, scale float32, norm []float32, group, lo, hi int) {
	maxima, sums := buffer[float32](tileRows*h.parts()), buffer[float32](tileRows*h.parts())
	defer release(maxima)
	defer release(sums)
	h.shares(x, targets, norm, group, lo, hi, *maxima, *sums)
	for i, parts := lo, h.parts(); i < hi; i++ {
		m := (*maxima)[(i-lo)*parts : (i-lo+1)*parts]
		loss, lse := h.finish(i, int(targets[i]), m, (*sums)[(i-lo)*parts:(i-lo+1)*parts])
		h.logitGrads(group, i, int(targets[i]), scale, loss, lse, m)
	}
	h.descend(group, lo, hi)
}

// parts is in how many parts of the vocabulary the logits are computed.
func (h *head[T]) parts() int { return (h.Vocab + headColumns - 1) / headColumns }

// shares computes the logits of a slice. It passes over the vocabulary once: a part of the logits is kept as exponentials relative to its own
// maximum, in the precision of the gradient, and made into probabilities when the sum of all is known (Milakov and Gimelshein 2018, online softmax).
// maxima and sums [hi−lo, parts] are those of the parts. Without a gradient, tokens without a target are left out
// where no bit of the others depends on them.
func (h *head[T]) shares(x []float32, targets []int32, norm []float32, group, lo, hi int, maxima, sums []float32) {
	c, v := h.Width, h.Vocab
	var room [tileRows]int
	rows, all := room[:0], h.train || !h.be.Traits().BatchInvariant
	for i := lo; i < hi; i++ {
		if all || targets[i] >= 0 {
			rows = append(rows, i)
		}
	}
	logits, shares := buffer[float32](tileRows*headColumns), buffer[T](headColumns)
	defer release(logits)
	defer release(shares)
	hidden := buffer[T](tileRows * c)
	defer release(hidden)
	normed := (*hidden)[:len(rows)*c]
	if h.train {
		normed = h.h[lo*c : hi*c]
	}
	for k, i := range rows {
		normRows(normed[k*c:(k+1)*c], x, norm, h.rstd, i, i+1, c, h.Eps)
	}

	parts := h.parts()
	for p := 0; p < parts && len(rows) > 0; p++ {
		from, to := p*headColumns, min((p+1)*headColumns, v)
		n := to - from
		kernel.Linear(h.linear, *logits, normed, len(rows), c, n, from, to, false)
		for k, i := range rows {
			target := int(targets[i])
			if target < 0 {
				continue
			}
			row, dst := (*logits)[k*n:(k+1)*n], (*shares)[:n]
			if target >= from && target < to {
				h.losses[i] = row[target-from] // until the sum is known
			}
			if h.train {
				dst = h.dLogits[(i-group)*v+from : (i-group)*v+to]
			}
			maxima[(i-lo)*parts+p], sums[(i-lo)*parts+p] = kernel.ExpShares(dst, row)
		}
	}
}

// finish makes the target's logit of a token into its loss, and returns it with the logarithm of the sum of all exponentials.
func (h *head[T]) finish(token, target int, maxima, sums []float32) (loss, lse float64) {
	if target < 0 {
		h.losses[token] = 0
		return 0, 0
	}
	highest, sum := float64(slices.Max(maxima)), 0.0
	for p, m := range maxima {
		sum += float64(float64(sums[p]) * elementary.Exp(float64(m)-highest))
	}
	lse = highest + elementary.Log(sum)
	loss = lse - float64(h.losses[token])
	h.losses[token] = float32(loss)
	return loss, lse
}

// logitGrads makes the shares of a token's logits into their gradient, scale times that of the token's loss.
func (h *head[T]) logitGrads(group, token, target int, scale float32, loss, lse float64, maxima []float32) {
	if !h.train {
		return
	}
	d := h.dLogits[(token-group)*h.Vocab : (token-group+1)*h.Vocab]
	if target < 0 {
		clear(d)
		return
	}
	for p, m := range maxima {
		kernel.ScaleElems(d[p*headColumns:min((p+1)*headColumns, len(d))], scale*float32(elementary.Exp(float64(m)-lse)))
	}
	// p − 1 = expm1(−loss): nothing is lost where the target is almost certain.
	kernel.Convert(d[target:target+1], []float32{scale * float32(elementary.Expm1(-loss))})
}

// descend takes the gradients of a slice's logits to its inputs behind the norm.
func (h *head[T]) descend(group, lo, hi int) {
	if c, v := h.Width, h.Vocab; h.train {
		kernel.LinearGrad(h.grad, h.headDX[lo*c:hi*c], h.dLogits[(lo-group)*v:(hi-group)*v], hi-lo, v, c, false)
	}
}

// Finite reports whether every loss of the last run is a number.
func (r *Runtime[T]) Finite() bool {
	for _, l := range r.losses {
		if math.IsNaN(float64(l)) || math.IsInf(float64(l), 0) {
			return false
		}
	}
	for _, l := range r.pairs {
		if math.IsNaN(l) || math.IsInf(l, 0) {
			return false
		}
	}
	return true
}
