package op

import (
	"fmt"
	"math"

	"github.com/chewxy/hm"
	G "gorgonia.org/gorgonia"

	"slm/internal/elementary"
	"slm/model/kernel"
)

// preference keeps what the two passes over a group of pairs share: a row's gradient depends on the losses of both rows of its pair.
type preference struct {
	beta         float64
	references   []float32 // [Seqs/2]
	maxima, sums []float32 // [tokens of a group, parts of the vocabulary]
	losses, lse  []float64 // of the tokens of a group
	slopes       []float32 // [Seqs] derivative of the pair's loss by the row's negative log-likelihood
}

// Preference is the loss of direct preference optimisation (Rafailov et al. 2023, arXiv 2305.18290, equation 7) over pairs of rows: row 2k of the
// batch is the preferred sequence w of pair k, row 2k+1 the other one, l.
//
//	loss = scale · Σₖ −log σ(β·[log π(w) − log π(l) − referenceₖ]), log π = Σ log softmax(norm(x)·Wᵀ)[target] over the row's targets ≥ 0
//
// x [N,C], targets [N], references [Seqs/2]: log π_ref(w) − log π_ref(l), in nats, W [V,C] → scalar. The other inputs are those of Head, and as that
// the op is the graph's end. A pair is one unit: its rows stand in the same run. Pairs in which neither row has a target are padding, and count
// nothing. With scale = 1/(number of pairs in the optimiser step) it is the mean, whatever the micro-batches.
func Preference[T kernel.Elem](r *Runtime[T], train, tied bool, beta float64, x, targets, scale, norm, w, references *G.Node) (*G.Node, error) {
	if r.Seqs%2 != 0 || references.Shape().TotalSize() != r.Seqs/2 || !(beta > 0) {
		return nil, fmt.Errorf("op: preference between %d rows with %d references and a beta of %g", r.Seqs, references.Shape().TotalSize(), beta)
	}
	h := newHead(r, train, w)
	p := &preference{beta: beta, slopes: make([]float32, r.Seqs)}
	h.prefer, r.pairs = p, make([]float64, r.Seqs/2)
	n := min(r.Seqs, h.groupSeqs()) * r.Len
	p.maxima, p.sums = make([]float32, n*h.parts()), make([]float32, n*h.parts())
	p.losses, p.lse = make([]float64, n), make([]float64, n)
	o := &Op{
		name: "preference", in: []hm.Type{matrix, indices, scalarT, vector, matrix, vector}, out: scalarT,
		wrt: []bool{true, false, false, !r.Frozen, !r.Frozen, false},
	}
	o.run = func(out []float32, in []G.Value) error {
		p.references = floats(in[5])
		out[0] = float32(h.forward(floats(in[0]), ints(in[1]), floats(in[2])[0], floats(in[3])))
		return nil
	}
	o.diff = h.end(tied)
	return G.ApplyOp(o, x, targets, scale, norm, w, references)
}

// prefers computes the losses of the pairs in seqs rows from first on, and the gradient of their logits: first the likelihood of each row, then
// what each pair makes of its two.
func (h *head[T]) prefers(x []float32, targets []int32, scale float32, norm []float32, first, seqs int) {
	p, group, parts, per := h.prefer, first*h.Len, h.parts(), h.tilesPerSeq()
	kernel.Parallel(seqs*per, func(i int) {
		h.tile(first*per+i, func(_, lo, hi int) {
			maxima, sums := p.maxima[(lo-group)*parts:(hi-group)*parts], p.sums[(lo-group)*parts:(hi-group)*parts]
			h.shares(x, targets, norm, group, lo, hi, maxima, sums)
			for i := range hi - lo {
				at := lo + i - group
				p.losses[at], p.lse[at] = h.finish(lo+i, int(targets[lo+i]), maxima[i*parts:(i+1)*parts], sums[i*parts:(i+1)*parts])
			}
		})
	})
	for row := first; row < first+seqs; row += 2 {
		h.pairs[row/2], p.slopes[row], p.slopes[row+1] = 0, 0, 0
		at, trained := (row-first)*h.Len, false
		var nll [2]float64
		for i, l := range p.losses[at : at+2*h.Len] {
			nll[i/h.Len] += l
			trained = trained || targets[group+at+i] >= 0
		}
		if trained {
			loss, slope := p.pair(nll[1]-nll[0], float64(p.references[row/2]))
			h.pairs[row/2], p.slopes[row], p.slopes[row+1] = loss, float32(slope), -float32(slope)
		}
	}
	if !h.train {
		return
	}
	kernel.Parallel(seqs*per, func(i int) {
		h.tile(first*per+i, func(_, lo, hi int) {
			for i := lo; i < hi; i++ {
				at := i - group
				h.logitGrads(group, i, int(targets[i]), scale*p.slopes[i/h.Len], p.losses[at], p.lse[at], p.maxima[at*parts:(at+1)*parts])
			}
			h.descend(group, lo, hi)
		})
	})
}

// pair is −log σ(β(margin − reference)) and its derivative by −margin, that is by −log π(w): β·σ(−β(margin − reference)). Neither overflows.
func (p *preference) pair(margin, reference float64) (loss, slope float64) {
	z := float64(p.beta * (margin - reference))
	small := elementary.Exp(-math.Abs(z))
	if z >= 0 {
		return elementary.Log1p(small), p.beta * small / (1 + small)
	}
	return elementary.Log1p(small) - z, p.beta / (1 + small)
}
