package op

import (
	"fmt"

	"github.com/chewxy/hm"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"slm/internal/pairwise"
	"slm/model/kernel"
)

// accumulator is a gradient that ops add to, run after run, until Zero.
type accumulator struct {
	data  []float32
	value *tensor.Dense

	tall       bool // the weight has more rows than columns: sums are gathered transposed
	wide       int  // the longer side
	transposed bool // data are transposed now

	order   pairwise.Order // of the leaves so far, where the rows of a batch come in several calls
	partial [][]float32    // its slots behind data, which are slot 0

	index  int          // among the runtime's
	into   *accumulator // of the same weights elsewhere in the model, to which this one is added in the end; nil for most
	joined bool         // and has been
}

func newAccumulator(shape ...int) *accumulator {
	size := 1
	for _, d := range shape {
		size *= d
	}
	data := make([]float32, size)
	return &accumulator{data: data, value: tensor.New(tensor.WithShape(shape...), tensor.WithBacking(data))}
}

// reserve makes room for so many slots.
func (a *accumulator) reserve(slots int) {
	for len(a.partial) < slots-1 {
		a.partial = append(a.partial, make([]float32, len(a.data)))
	}
}

func (a *accumulator) slot(k int) []float32 {
	if k == 0 {
		return a.data
	}
	return a.partial[k-1]
}

// columns makes data ready to be added to, and says whether they are transposed.
func (a *accumulator) columns() bool {
	if a.joined {
		clear(a.data)
		a.joined = false
	}
	if a.tall && !a.transposed {
		a.transpose()
	}
	return a.tall
}

// publish brings data into the shape of the weight.
func (a *accumulator) publish() {
	if a.transposed && a.into == nil {
		a.transpose()
	}
}

// transpose makes data the transpose of what it was.
func (a *accumulator) transpose() {
	before := buffer[float32](len(a.data))
	defer release(before)
	copy(*before, a.data)
	rows, cols := a.wide, len(a.data)/a.wide
	if a.transposed {
		rows, cols = cols, rows
	}
	kernel.Transpose(a.data, *before, rows, cols, cols)
	a.transposed = !a.transposed
}

// join adds data to the accumulator they belong to.
func (a *accumulator) join() {
	if a.into == nil || a.joined {
		return
	}
	a.joined = true
	if !a.transposed {
		kernel.Tiles(len(a.data), 1<<18, func(lo, hi int) { kernel.AddTo(a.into.data[lo:hi], a.data[lo:hi]) })
		return
	}
	narrow := len(a.data) / a.wide
	kernel.Tiles(a.wide, tileRows, func(lo, hi int) {
		room := buffer[float32](tileRows * narrow)
		defer release(room)
		rows := (*room)[:(hi-lo)*narrow]
		kernel.Transpose(rows, a.data[lo:], narrow, hi-lo, a.wide)
		kernel.AddTo(a.into.data[lo*narrow:hi*narrow], rows)
	})
}

// node puts an accumulator into the graph, after the node that fills it.
func (a *accumulator) node(name string, filledBy *G.Node) (*G.Node, error) {
	o := &Op{name: name, in: []hm.Type{filledBy.Type()}, value: a.value, run: func([]float32, []G.Value) error { return nil }}
	o.shape = a.value.Shape().Clone()
	o.out = matrix
	if len(o.shape) == 1 {
		o.out = vector
	}
	return G.ApplyOp(o, filledBy)
}

// gradientNodes returns the nodes of a block's gradients: dx, then nothing for the inputs without gradient, then the accumulators, of which nil is none. What the
// block adds to these is in them when dx is computed.
func (r *Runtime[T]) gradientNodes(name string, dx *G.Node, skip int, accs ...*accumulator) (G.Nodes, error) {
	r.completes(dx, accs...)
	nodes := G.Nodes{dx}
	for range skip {
		nodes = append(nodes, nil)
	}
	for i, acc := range accs {
		if acc == nil {
			nodes = append(nodes, nil)
			continue
		}
		n, err := acc.node(fmt.Sprintf("%s.w%d", name, i), dx)
		if err != nil {
			return nil, err
		}
		nodes = append(nodes, n)
	}
	return nodes, nil
}
