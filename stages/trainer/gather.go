package trainer

import (
	"slm/internal/pairwise"
	"slm/model"
	"slm/model/op"
)

// gatherer sums the gradients of leaves on one graph.
type gatherer struct {
	cut   cut
	graph *model.Graph
	most  int         // leaves that go through the graph at a time; 0 = a part of one
	home  op.Sums     // the graph's own memory, where the sum of a step ends
	spare []op.Sums   // more of it
	room  [][]float32 // for partial sums of other ranks
	wire  wire
	ran   bool // the graph has run
}

// partial is the sum of a subtree.
type partial struct {
	node pairwise.Node
	sums op.Sums
	loss float64
}

// newGatherer is that of a graph; half has leaves and their sums rounded to bfloat16, wherever they are added.
func newGatherer(c cut, g *model.Graph, most int, half bool) *gatherer {
	if most > 0 {
		g.CutLeaves(c.leaf)
	}
	return &gatherer{cut: c, graph: g, most: most, home: g.Sums(), wire: wire{half: half}}
}

// add adds what two subtrees come to.
func (w *gatherer) add(into, from op.Sums) {
	if into.Add(from); w.wire.half {
		into.Round()
	}
}

// complete rounds a leaf that went through the graph in parts; a graph that has whole leaves rounds them itself.
func (w *gatherer) complete(leaf op.Sums) {
	if w.wire.half && w.most == 0 {
		leaf.Round()
	}
}

// memory is the graph's own first, and then spare memory.
func (w *gatherer) memory(i int) op.Sums {
	if i == 0 {
		return w.home
	}
	for len(w.spare) < i {
		w.spare = append(w.spare, w.home.Like())
	}
	return w.spare[i-1]
}

// sum gathers the gradients of nodes, whose rows b holds from row 0 on, and returns a partial for each, whose sums are memory(i) for the i-th. n is how many rows the step has.
// whole, unless it is nil, is called with the index of each accumulator as soon as its sums of all nodes are complete: for most that is during the last run.
func (w *gatherer) sum(b model.Batch, nodes []pairwise.Node, n int, scale float32, whole func(acc int)) ([]partial, error) {
	var out []partial
	defer w.graph.Into(w.home)
	if len(nodes) == 0 { // the sum of others is taken over
		return nil, w.idle(whole)
	}
	w.ran = true
	begin := nodes[0].First * w.cut.leaf
	for i, node := range nodes {
		var order pairwise.Order
		losses := [32]float64{}
		merge := func(into, from int) {
			w.add(w.memory(i+into), w.memory(i+from))
			losses[into] += losses[from]
		}
		parts := pairwise.Cover(node.First, node.First+node.Leaves, w.cut.of(n).leaves, max(1, w.most))
		for j, part := range parts {
			k := order.Push(part.First, merge)
			w.graph.Into(w.memory(i + k))
			w.graph.Zero()
			lo := part.First*w.cut.leaf - begin
			hi := min((part.First+part.Leaves)*w.cut.leaf, n) - begin
			told := whole != nil && i == len(nodes)-1 && j == len(parts)-1
			loss, err := runRows(w.graph, b, lo, hi, scale, func() {
				if told {
					w.graph.Ready(w.finish(order, i, whole))
				}
			})
			w.graph.Ready(nil)
			if err != nil {
				return nil, err
			}
			if !told {
				w.complete(w.memory(i + k))
			}
			losses[k] = loss
		}
		if whole != nil && i == len(nodes)-1 { // each accumulator has its sum already
			merge = func(into, from int) { losses[into] += losses[from] }
		}
		order.End(merge)
		out = append(out, partial{node, w.memory(i), losses[0]})
	}
	return out, nil
}

// finish adds what a subtree still has apart of an accumulator, in the order of the tree, and tells that this is whole.
func (w *gatherer) finish(order pairwise.Order, base int, whole func(acc int)) func(acc int) {
	slots := make([]op.Sums, order.Depth())
	for k := range slots {
		slots[k] = w.memory(base + k)
	}
	return func(acc int) {
		rest := order // a copy: each accumulator goes through it
		w.complete(slots[len(slots)-1][acc : acc+1])
		rest.End(func(into, from int) { w.add(slots[into][acc:acc+1], slots[from][acc:acc+1]) })
		whole(acc)
	}
}

// idle makes the gradients ready to be taken over from other ranks. They have their place only once the graph has run.
func (w *gatherer) idle(whole func(acc int)) error {
	w.graph.Into(w.home)
	w.graph.Zero()
	if !w.ran {
		n := w.graph.Seqs
		nothing := rowsOf(model.Batch{References: make([]float32, n/2)}, 0, n, 0, w.graph.Len)
		if _, err := w.graph.Run(nothing, 1); err != nil {
			return err
		}
		w.ran = true
	}
	if whole != nil {
		for acc := range w.home {
			whole(acc)
		}
	}
	return nil
}
