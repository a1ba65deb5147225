package op

import (
	"fmt"
	"math"

	"github.com/chewxy/hm"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"slm/model/kernel"
)

// bag keeps what the gradient of pooled vectors needs.
type bag struct {
	rows, width, texts int
	lengths            []float32 // [M] of the sums, before they are made unit vectors
	sums               []float32 // [M,D] gradients of the sums
	dTable, dWeights   *accumulator
}

// rowRanges is in how many parts the rows of a table are shared out. Each row has one writer, so no sum depends on the number of threads.
const rowRanges = 8

// Bag pools features into unit vectors, one a text (Bojanowski et al. 2017, arXiv 1607.04606, with a learned weight a feature): with the features f
// of text m at bounds[m] ≤ i < bounds[m+1],
//
//	v[m] = u/|u|, u = Σᵢ w[fᵢ]·E[fᵢ].
//
// features [F], of which those behind the last bound are not read; bounds [M+1]; E [R,D]; w [R] → [M,D]. The sum runs in the order of the features. A
// text without features has the vector 0 and no gradient. A graph with a Bag is run once a step: the gradient is that of the last run.
func Bag(features, bounds, table, weights *G.Node) (*G.Node, error) {
	b := &bag{rows: table.Shape()[0], width: table.Shape()[1], texts: bounds.Shape()[0] - 1}
	b.lengths = make([]float32, b.texts)
	home := tensor.New(tensor.WithShape(b.texts, b.width), tensor.Of(tensor.Float32))
	o := &Op{name: "bag", in: []hm.Type{indices, indices, matrix, vector}, out: matrix, shape: tensor.Shape{b.texts, b.width}, wrt: []bool{false, false, true, true}, home: home}
	o.run = func(out []float32, in []G.Value) error {
		ids, ends := ints(in[0]), ints(in[1])
		if err := b.check(ids, ends); err != nil {
			return err
		}
		b.forward(out, ids, ends, floats(in[2]), floats(in[3]))
		return nil
	}
	o.diff = func(inputs G.Nodes, output, grad *G.Node) (G.Nodes, error) {
		b.sums, b.dTable, b.dWeights = make([]float32, b.texts*b.width), newAccumulator(b.rows, b.width), newAccumulator(b.rows)
		d := &Op{
			name: "bag.grad", in: []hm.Type{indices, indices, matrix, vector, matrix, matrix}, out: matrix,
			shape: tensor.Shape{b.rows, b.width}, value: b.dTable.value,
		}
		d.run = func(_ []float32, in []G.Value) error {
			b.backward(ints(in[0]), ints(in[1]), floats(in[2]), floats(in[3]), floats(in[4]), floats(in[5]))
			return nil
		}
		dTable, err := G.ApplyOp(d, inputs[0], inputs[1], inputs[2], inputs[3], output, grad)
		if err != nil {
			return nil, err
		}
		dWeights, err := b.dWeights.node("bag.weights", dTable)
		return G.Nodes{nil, nil, dTable, dWeights}, err
	}
	return G.ApplyOp(o, features, bounds, table, weights)
}

// check finds what would read outside the table.
func (b *bag) check(ids, bounds []int32) error {
	for m := range b.texts {
		if bounds[m] < 0 || bounds[m+1] < bounds[m] || int(bounds[m+1]) > len(ids) {
			return fmt.Errorf("op: text %d of the bag has the features %d to %d of %d", m, bounds[m], bounds[m+1], len(ids))
		}
	}
	for i, id := range ids[:bounds[b.texts]] {
		if id < 0 || int(id) >= b.rows {
			return fmt.Errorf("op: feature %d of the bag is %d: the table has %d rows", i, id, b.rows)
		}
	}
	return nil
}

func (b *bag) forward(out []float32, ids, bounds []int32, table, weights []float32) {
	kernel.Parallel(b.texts, func(m int) {
		b.lengths[m] = Pool(out[m*b.width:(m+1)*b.width], ids[bounds[m]:bounds[m+1]], table, weights)
	})
}

// Pool is the forward pass of Bag for one text: it fills v [D] and returns |u|. It is what encoding a text outside of a graph computes, bit for bit.
func Pool(v []float32, ids []int32, table, weights []float32) (length float32) {
	clear(v)
	for _, id := range ids {
		at := int(id) * len(v)
		kernel.Axpy(v, table[at:at+len(v)], weights[id])
	}
	if length = float32(math.Sqrt(float64(kernel.SumSquares(v)))); length > 0 {
		kernel.Scale(v, 1/length)
	}
	return length
}

func (b *bag) backward(ids, bounds []int32, table, weights, v, dv []float32) {
	d := b.width
	kernel.Parallel(b.texts, func(m int) { // through the length: du = (dv − (dv·v)·v)/|u|
		du, unit, dUnit := b.sums[m*d:(m+1)*d], v[m*d:(m+1)*d], dv[m*d:(m+1)*d]
		clear(du)
		if b.lengths[m] > 0 {
			copy(du, dUnit)
			kernel.Axpy(du, unit, -kernel.Dot(dUnit, unit))
			kernel.Scale(du, 1/b.lengths[m])
		}
	})
	kernel.Tiles(b.rows, (b.rows+rowRanges-1)/rowRanges, func(lo, hi int) {
		clear(b.dTable.data[lo*d : hi*d])
		clear(b.dWeights.data[lo:hi])
		for m := range b.texts {
			du := b.sums[m*d : (m+1)*d]
			for _, id := range ids[bounds[m]:bounds[m+1]] {
				if row := int(id); row >= lo && row < hi {
					kernel.Axpy(b.dTable.data[row*d:(row+1)*d], du, weights[row])
					b.dWeights.data[row] += kernel.Dot(table[row*d:(row+1)*d], du)
				}
			}
		}
	})
}
