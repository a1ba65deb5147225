package op

import (
	"github.com/chewxy/hm"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"slm/model/kernel"
)

// Embed looks up x[i] = E[tokens[i]]: tokens [N] → [N,C]. Its gradient adds the rows of dx to the rows of dE in the order of the tokens.
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
		acc := r.embedGradient()
		d := &Op{name: "embed.grad", in: []hm.Type{indices, matrix}, out: matrix, shape: tensor.Shape{r.Vocab, c}, value: acc.value}
		d.run = func(_ []float32, in []G.Value) error {
			ids, dx := ints(in[0]), floats(in[1])
			// A worker owns a range of the vocabulary: every row has one writer, which sees the tokens in order.
			kernel.Tiles(r.Vocab, (r.Vocab+7)/8, func(lo, hi int) {
				for i, id := range ids {
					if int(id) >= lo && int(id) < hi {
						kernel.AddTo(acc.data[int(id)*c:(int(id)+1)*c], dx[i*c:(i+1)*c])
					}
				}
			})
			return nil
		}
		node, err := G.ApplyOp(d, inputs[0], grad)
		return G.Nodes{nil, node}, err
	}
	return G.ApplyOp(o, tokens, embedding)
}

// embedGradient is the embedding's gradient. That of a tied head joins it when a step's runs are over.
func (r *Runtime[T]) embedGradient() *accumulator {
	if r.dEmbed == nil {
		r.dEmbed = r.gradient(r.Vocab, r.Width)
	}
	return r.dEmbed
}
