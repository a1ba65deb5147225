package encoder

import (
	"math"

	"slm/model/kernel"
)

// room is the working memory of a group.
type room struct {
	x      []float32 // [rows, C], the states
	qkv    []float32 // [rows, 3C]
	mixed  []float32 // [rows, C], what attention gives
	up     []float32 // [rows, hiddenColumns]
	scores []float32 // [length, length] of one head
	keys   kernel.Right[float32]
	values kernel.Right[float32]
}

// forward takes a group of texts through all layers, and puts their vectors where they belong.
func (e *Encoder) forward(r *room, texts [][]int32, group []int, out [][]float32) {
	c, p, rows := e.config, e.params, 0
	for _, i := range group {
		rows += len(texts[i])
	}
	kernel.Grow(&r.x, rows*c.Width)
	kernel.Grow(&r.qkv, rows*3*c.Width)
	kernel.Grow(&r.mixed, rows*c.Width)
	kernel.Grow(&r.up, rows*min(hiddenColumns, c.Hidden))
	row := 0
	for _, i := range group {
		for at, token := range texts[i] {
			x := r.x[row*c.Width : (row+1)*c.Width]
			p.word(token, x)
			kernel.AddTo(x, p.positions[at*c.Width:(at+1)*c.Width])
			row++
		}
	}
	e.normalise(r.x, rows, p.norm)
	for l := range p.layers {
		e.block(r, &p.layers[l], texts, group, rows)
	}
	row = 0
	for _, i := range group {
		out[i] = pool(r.x[row*c.Width:(row+len(texts[i]))*c.Width], c.Width)
		row += len(texts[i])
	}
}

// block is a layer: attention and MLP, each added to its input and normalised behind it.
func (e *Encoder) block(r *room, l *layer, texts [][]int32, group []int, rows int) {
	c := e.config
	fill(r.qkv, l.qkv.bias, rows)
	kernel.Linear(l.qkv.weight, r.qkv, r.x, rows, c.Width, l.qkv.n, 0, l.qkv.n, true)
	row := 0
	for _, i := range group {
		e.attend(r, row, len(texts[i]))
		row += len(texts[i])
	}
	addBias(r.x, l.out.bias, rows)
	kernel.Linear(l.out.weight, r.x, r.mixed, rows, c.Width, c.Width, 0, c.Width, true)
	e.normalise(r.x, rows, l.attnNorm)

	// The MLP reads what it is added to, so that the sum is made in room that is free now.
	copy(r.mixed, r.x[:rows*c.Width])
	addBias(r.mixed, l.downBias, rows)
	for piece, down := range l.down {
		from := piece * hiddenColumns
		to := min(from+hiddenColumns, c.Hidden)
		n := to - from
		up := r.up[:rows*n]
		fill(up, l.up.bias[from:to], rows)
		kernel.Linear(l.up.weight, up, r.x, rows, c.Width, n, from, to, true)
		kernel.GELU(up, up)
		kernel.Linear(down, r.mixed, up, rows, n, c.Width, 0, c.Width, true)
	}
	r.x, r.mixed = r.mixed, r.x
	e.normalise(r.x, rows, l.mlpNorm)
}

// attend is attention of one text, whose rows begin at first.
func (e *Encoder) attend(r *room, first, length int) {
	c := e.config
	hd, ld := c.Width/c.Heads, 3*c.Width
	qkv, mixed := r.qkv[first*ld:], r.mixed[first*c.Width:]
	scores := kernel.Grow(&r.scores, length*length)
	scale := float32(1 / math.Sqrt(float64(hd)))
	for h := range c.Heads {
		r.keys.Set(e.backend, qkv[c.Width+h*hd:], length, hd, ld, true)
		r.values.Set(e.backend, qkv[2*c.Width+h*hd:], hd, length, ld, false)
		kernel.Product(&r.keys, kernel.Shape{M: length, N: length, K: hd, LDA: ld, LDC: length}, scores, qkv[h*hd:])
		for i := range length {
			kernel.SoftmaxRow(scores[i*length:(i+1)*length], scale)
		}
		kernel.Product(&r.values, kernel.Shape{M: length, N: hd, K: length, LDA: length, LDC: c.Width}, mixed[h*hd:], scores)
	}
}

// normalise applies a layer normalisation to rows of x (Ba et al. 2016): (x − mean)/√(variance + eps)·weight + bias.
func (e *Encoder) normalise(x []float32, rows int, n norm) {
	width, ones := e.config.Width, e.params.ones
	for i := range rows {
		row := x[i*width : (i+1)*width]
		kernel.Axpy(row, ones, -kernel.Dot(row, ones)/float32(width))
		kernel.RMSNorm(row, row, n.weight, float32(e.config.NormEps))
		kernel.AddTo(row, n.bias)
	}
}

// fill makes each row of y [rows, len(bias)] the bias.
func fill(y, bias []float32, rows int) {
	for i := range rows {
		copy(y[i*len(bias):], bias)
	}
}

// addBias adds the bias to each row.
func addBias(y, bias []float32, rows int) {
	for i := range rows {
		kernel.AddTo(y[i*len(bias):(i+1)*len(bias)], bias)
	}
}

// pool is the mean of rows [n, width], brought to length 1.
func pool(x []float32, width int) []float32 {
	mean := make([]float32, width)
	for at := 0; at < len(x); at += width {
		kernel.AddTo(mean, x[at:at+width])
	}
	const least = 1e-12 // of the length, as PyTorch's normalize has it; the number of rows cancels
	kernel.Scale(mean, float32(1/max(math.Sqrt(float64(kernel.SumSquares(mean))), least)))
	return mean
}
