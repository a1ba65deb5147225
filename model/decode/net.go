package decode

import (
	"fmt"
	"slices"
	"sync"

	"slm/model"
	"slm/model/kernel"
)

// net is the network with its activations in the backend's element type T, and its matrices in T, in bytes or in a file's blocks.
type net[T kernel.Elem] struct {
	config  model.Config
	backend kernel.Backend
	format  format
	layer   []layer[T]
	norm    []float32 // [C]
	head    matrix[T] // [V,C]
	tasks   sync.Pool // *attention[T]
	tiles   sync.Pool // *tile[T]
	works   sync.Pool // *work[T]
	stores  sync.Pool // *keyValues[T]

	rotary, windowRotary *rotary // positions of layers without and with a window
	queryScale           float32
}

type layer[T kernel.Elem] struct {
	attnNorm, mlpNorm        []float32
	extras                   model.Extras
	qkv, out, gate, up, down matrix[T] // as in model.Layer, the gate and the other half of its matrix apart
}

// format is how matrices are kept.
type format int

const (
	wide   format = iota // in T
	bytes                // a scale a row
	blocks               // as a file has them
)

// whole says that what goes into a product is rounded to 16 bits, and that the rest stays in float32.
func (f format) whole() bool { return f != wide }

// matrix is W [N,K]: one of the three.
type matrix[T kernel.Elem] struct {
	wide   *kernel.Weights[T]
	bytes  *kernel.Weights8
	blocks *kernel.BlockWeights
}

// newNet prepares all but the matrices.
func newNet[T kernel.Elem](p *model.Params, backend kernel.Backend, f format) *net[T] {
	n := &net[T]{
		config:  p.Config,
		backend: backend,
		format:  f,
		norm:    p.Norm,

		queryScale: queryScale(p.Config),
	}
	n.rotary, n.windowRotary = rotaries(p)
	n.tasks.New = func() any { return &attention[T]{} }
	n.tiles.New = func() any { return &tile[T]{} }
	n.works.New = func() any { return &work[T]{} }
	n.stores.New = func() any { return &keyValues[T]{} }
	return n
}

// take prepares the matrices of p, in T or in bytes, an adapter merged layer by layer.
func (n *net[T]) take(p *model.Params) error {
	var failed error
	take := func(w []float32, rows, k int) (m matrix[T]) {
		if n.format == bytes {
			var err error
			if m.bytes, err = kernel.NewWeights8(w, rows, k); err != nil && failed == nil {
				failed = fmt.Errorf("decode: %w", err)
			}
			return m
		}
		m.wide = kernel.NewWeights[T](n.backend, rows, k)
		m.wide.Set(w)
		return m
	}
	c := p.Config
	for i := range p.Layers {
		l := p.MergedLayer(i)
		if n.format == bytes {
			l = balanced(c, l)
		}
		half := c.Hidden * c.Width
		n.layer = append(n.layer, layer[T]{
			attnNorm: l.AttnNorm, mlpNorm: l.MLPNorm, extras: l.Extras,
			qkv: take(l.QKV, c.QKVWidth(), c.Width), out: take(l.Out, c.Width, c.QWidth()),
			gate: take(l.GateUp[:half], c.Hidden, c.Width), up: take(l.GateUp[half:], c.Hidden, c.Width), down: take(l.Down, c.Width, c.Hidden),
		})
	}
	head := p.Head
	if c.Tied {
		head = p.Embed
	}
	if n.format == bytes {
		head, n.norm = slices.Clone(head), slices.Clone(n.norm)
		multiply(n.norm, balance(head, c.Width))
	}
	n.head = take(head, c.Vocab, c.Width)
	return failed
}

// left holds rows that products read: in T, or rounded to 16 bits and before that in float32.
type left[T kernel.Elem] struct {
	k      int // values of a row
	format format
	wide   []T       // [rows, k]
	plain  []float32 // [rows, k]
	eight  kernel.Rows8
	blocks kernel.BlockLeft
}

// fit makes room for rows of k values.
func (n *net[T]) fit(x *left[T], rows, k int) {
	x.k, x.format = k, n.format
	switch n.format {
	case wide:
		kernel.Grow(&x.wide, rows*k)
		return
	case bytes:
		x.eight.Fit(rows, k)
	case blocks:
		x.blocks.Fit(rows, k)
	}
	kernel.Grow(&x.plain, rows*k)
}

// round takes over the rows that stand in plain.
func (x *left[T]) round(lo, hi int) {
	for row := lo; row < hi; row++ {
		if v := x.plain[row*x.k : (row+1)*x.k]; x.format == bytes {
			x.eight.Set(row, v)
		} else {
			x.blocks.Set(row, v)
		}
	}
}

// normInto puts the norm of v into a row.
func (n *net[T]) normInto(x *left[T], row int, v, weight []float32) {
	at, eps := row*x.k, float32(n.config.NormEps)
	if x.format.whole() {
		kernel.RMSNorm(x.plain[at:at+x.k], v, weight, eps)
		x.round(row, row+1)
		return
	}
	switch d := any(x.wide[at : at+x.k]).(type) {
	case []float32:
		kernel.RMSNorm(d, v, weight, eps)
	case []uint16:
		kernel.RMSNormBF16(d, v, weight, eps)
	}
}

// put takes over columns from at on of a row; a row that is to be rounded is that when it is whole.
func (x *left[T]) put(row, at int, v []float32) {
	at += row * x.k
	if x.format.whole() {
		copy(x.plain[at:], v)
	} else {
		kernel.Convert(x.wide[at:at+len(v)], v)
	}
}

// mul computes the columns [from,to) of y (+)= x·Wᵀ for rows rows of x from row on; ld is the distance between y's rows.
func (m *matrix[T]) mul(y []float32, x *left[T], row, rows, ld, from, to int, accumulate bool) {
	switch x.format {
	case wide:
		kernel.Linear(m.wide, y, x.wide[row*x.k:], rows, x.k, ld, from, to, accumulate)
	case bytes:
		kernel.Linear8(m.bytes, y, &x.eight, row, rows, ld, from, to, accumulate)
	case blocks:
		kernel.LinearBlocks(m.blocks, y, &x.blocks, row, rows, ld, from, to, accumulate)
	}
}
