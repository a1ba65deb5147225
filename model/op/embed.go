package op

import (
	"github.com/chewxy/hm"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"slm/internal/pairwise"
	"slm/model/kernel"
)

// Embed looks up x[i] = E[tokens[i]]: tokens [N] → [N,C]. Its gradient adds the rows of dx to the rows of dE: within a leaf in the order of the tokens.
func Embed[T kernel.Elem](r *Runtime[T], tokens, embedding *G.Node) (*G.Node, error) {
	n, c := r.tokens(), r.Width
	o := &Op{name: "embed", in: []hm.Type{indices, matrix}, out: matrix, shape: tensor.Shape{n, c}, wrt: []bool{false, !r.Frozen}, home: r.kept()}
	o.run = func(out []float32, in []G.Value) error {
		ids, table := ints(in[0]), floats(in[1])
		kernel.Tiles(n, tileRows, func(lo, hi int) {
			for i := lo; i < hi; i++ {
				copy(out[i*c:(i+1)*c], table[int(ids[i])*c:])
			}
		})
		return nil
	}
	o.diff = func(inputs G.Nodes, _, grad *G.Node) (G.Nodes, error) {
		acc := r.register(r.embedGradient())
		d := &Op{name: "embed.grad", in: []hm.Type{indices, matrix}, out: matrix, shape: tensor.Shape{r.Vocab, c}, value: acc.value}
		d.run = func(_ []float32, in []G.Value) error {
			r.scatter(acc.data, ints(in[0]), floats(in[1]))
			return nil
		}
		node, err := G.ApplyOp(d, inputs[0], grad)
		if err != nil {
			return nil, err
		}
		r.completes(node, acc)
		return G.Nodes{nil, node}, nil
	}
	return G.ApplyOp(o, tokens, embedding)
}

// embedGradient is the embedding's gradient, which the embedding registers. That of a tied head joins it when a step's runs are over.
func (r *Runtime[T]) embedGradient() *accumulator {
	if r.dEmbed == nil {
		r.dEmbed = newAccumulator(r.Vocab, r.Width)
	}
	return r.dEmbed
}

// scatter adds each row of dx [N,C] to the row of sums [V,C] of its token. A worker owns a range of the vocabulary: every row of sums has one writer, which
// adds the tokens of a leaf in their order.
func (r *Runtime[T]) scatter(sums []float32, ids []int32, dx []float32) {
	c, leaf := r.Width, r.leaf()*r.Len
	starts, at := byToken(ids, r.Vocab)
	kernel.Tiles(r.Vocab, (r.Vocab+7)/8, func(lo, hi int) {
		room := buffer[float32](pairwise.Slots((len(ids)+leaf-1)/leaf) * c)
		defer release(room)
		for id := lo; id < hi; id++ {
			slot := func(k int) []float32 {
				if k == 0 {
					return sums[id*c : (id+1)*c]
				}
				return (*room)[(k-1)*c : k*c]
			}
			ends := r.rounding(slot)
			merge := func(into, from int) {
				kernel.AddTo(slot(into), slot(from))
				ends(into)
			}
			var order pairwise.Order
			last := -1
			for _, i := range at[starts[id]:starts[id+1]] {
				if l := int(i) / leaf; l != last {
					if last >= 0 {
						ends(order.Depth() - 1)
					}
					if k := order.Push(l, merge); k > 0 {
						clear(slot(k))
					}
					last = l
				}
				kernel.AddTo(slot(order.Depth()-1), dx[int(i)*c:(int(i)+1)*c])
			}
			if last >= 0 {
				ends(order.Depth() - 1)
			}
			order.End(merge)
		}
	})
}

// byToken sorts positions by their tokens, those of one token in order: those of token t are at[starts[t]:starts[t+1]].
func byToken(ids []int32, vocab int) (starts, at []int32) {
	starts, at = make([]int32, vocab+2), make([]int32, len(ids))
	for _, id := range ids {
		starts[id+2]++
	}
	for t := 2; t < len(starts); t++ {
		starts[t] += starts[t-1]
	}
	for i, id := range ids {
		at[starts[id+1]] = int32(i)
		starts[id+1]++
	}
	return starts[:vocab+1], at
}
