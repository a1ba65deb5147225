package decode

import (
	"math"

	"slm/model"
	"slm/model/kernel"
)

// What architectures do beyond LLaMA's shape (model.Variant). Each of these is nothing where the variant does not have it.

// unseen is how many of the first positions a row that stands behind length-1 others does not see.
func (n *net[T]) unseen(l, length int) int {
	if !n.config.Windowed(l) {
		return 0
	}
	return max(0, length-n.config.Window)
}

// adjust adds biases to a row's queries, keys and values of the key heads [lo,hi), and puts queries and keys through their norms.
func (n *net[T]) adjust(row []float32, l, lo, hi int) {
	c, x := n.config, n.layer[l].extras
	hd, group := c.HeadDim, c.Heads/c.KVHeads
	queries := stretch{lo * group * hd, hi * group * hd}
	keys := stretch{c.QWidth() + lo*hd, c.QWidth() + hi*hd}
	if x.Bias != nil {
		for _, s := range []stretch{queries, keys, {keys.lo + c.KVWidth(), keys.hi + c.KVWidth()}} {
			kernel.AddTo(row[s.lo:s.hi], x.Bias[s.lo:s.hi])
		}
	}
	if x.QNorm != nil {
		eachHead(row[queries.lo:queries.hi], hd, func(q []float32) { kernel.RMSNorm(q, q, x.QNorm, float32(c.NormEps)) })
		eachHead(row[keys.lo:keys.hi], hd, func(k []float32) { kernel.RMSNorm(k, k, x.KNorm, float32(c.NormEps)) })
	}
	if n.queryScale != 1 {
		kernel.Scale(row[queries.lo:queries.hi], n.queryScale)
	}
}

// stretch is a part of a row.
type stretch struct{ lo, hi int }

func eachHead(x []float32, hd int, f func([]float32)) {
	for at := 0; at < len(x); at += hd {
		f(x[at : at+hd])
	}
}

// queryScale is what queries are multiplied with, so that scores by 1/√hd come out as the model has them.
func queryScale(c model.Config) float32 {
	if c.QueryScale == 0 {
		return 1
	}
	return float32(c.QueryScale * math.Sqrt(float64(c.HeadDim)))
}

// softmax makes scores probabilities.
func (n *net[T]) softmax(row []float32) {
	if n.config.ScoreCap == 0 {
		kernel.SoftmaxRow(row, n.scale())
		return
	}
	kernel.Scale(row, n.scale())
	softCap(row, float32(n.config.ScoreCap))
	kernel.SoftmaxRow(row, 1)
}

// capLogits bounds logits.
func (n *net[T]) capLogits(x []float32) {
	if n.config.LogitCap > 0 {
		softCap(x, float32(n.config.LogitCap))
	}
}

// softCap computes most·tanh(x/most) = most·(1 − 2/(exp(2x/most)+1)) in place.
func softCap(x []float32, most float32) {
	var e [256]float32
	for ; len(x) > 0; x = x[min(len(e), len(x)):] {
		part := x[:min(len(e), len(x))]
		kernel.ExpShift(e[:len(part)], part, 2/most, 0)
		for i := range part {
			part[i] = most * (1 - 2/(e[i]+1))
		}
	}
}

// residual adds what a block gives to rows rows of the residual stream: x·Wᵀ, through the norm behind the block if there is one.
func (n *net[T]) residual(t *tile[T], stream []float32, w *matrix[T], x *left[T], row, rows int, norm []float32) {
	width := n.config.Width
	if norm == nil {
		w.mul(stream, x, row, rows, width, 0, width, true)
		return
	}
	post := kernel.Grow(&t.post, rows*width)
	w.mul(post, x, row, rows, width, 0, width, false)
	n.addNormed(stream, post, norm, 0, rows)
}

// addNormed adds the norms of the rows [lo,hi) of a block's results to the stream. What is in post is lost.
func (n *net[T]) addNormed(stream, post, norm []float32, lo, hi int) {
	width := n.config.Width
	for r := lo; r < hi; r++ {
		p := post[r*width : (r+1)*width]
		kernel.RMSNorm(p, p, norm, float32(n.config.NormEps))
		kernel.AddTo(stream[r*width:(r+1)*width], p)
	}
}

// results is where a block's products go when a batch is cut by columns: into the residual stream, or where they wait for their norm.
func (n *net[T]) results(b *batch, w *work[T]) []float32 {
	if n.config.PostNorm {
		return w.post
	}
	return b.x
}

// arrive adds what waits for the norm behind the MLP in front of layer l.
func (n *net[T]) arrive(b *batch, w *work[T], l, lo, hi int) {
	if n.config.PostNorm && l > 0 {
		n.addNormed(b.x, w.post, n.layer[l-1].extras.PostMLP, lo, hi)
	}
}
