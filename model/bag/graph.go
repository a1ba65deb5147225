package bag

import (
	"errors"
	"fmt"
	"math"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"slm/model/op"
	"slm/optim"
)

// ErrNotFinite says that a loss came out as NaN or infinite.
var ErrNotFinite = errors.New("bag: the loss is not a finite number")

// Pair is a question with the section that answers it, and one that does not.
type Pair struct {
	Question, Right, Wrong []int32 // features, at most MaxFeatures of each
	Section, Other         int32   // which sections Right and Wrong are of
}

// Graph is the training graph of an encoder for batches of so many pairs: built and differentiated by Gorgonia, run by its TapeMachine. A batch is one
// unit and is never cut: each of its sections stands against each of its questions.
type Graph struct {
	Pairs                    int
	params                   *Params
	machine                  G.VM
	features, bounds, groups []int32
	loss                     *G.Node
	gradients                []*G.Node // table, weights
}

// NewGraph builds the graph of a loss at a temperature. It reads the parameters in place.
func NewGraph(p *Params, pairs int, temperature float32) (*Graph, error) {
	g := &Graph{Pairs: pairs, params: p, features: make([]int32, 3*pairs*MaxFeatures), bounds: make([]int32, 3*pairs+1), groups: make([]int32, 3*pairs)}
	expr := G.NewGraph()
	input := func(name string, data []int32) *G.Node {
		return G.NewVector(expr, tensor.Int32, G.WithShape(len(data)), G.WithName(name), G.WithValue(tensor.New(tensor.WithShape(len(data)), tensor.WithBacking(data))))
	}
	weight := func(name string, data []float32, shape ...int) *G.Node {
		t := tensor.New(tensor.WithShape(shape...), tensor.WithBacking(data))
		return G.NewTensor(expr, tensor.Float32, len(shape), G.WithShape(shape...), G.WithName(name), G.WithValue(t))
	}
	table, weights := weight("table", p.Table, p.Config.Rows, p.Config.Width), weight("weights", p.Weights, p.Config.Rows)
	vectors, err := op.Bag(input("features", g.features), input("bounds", g.bounds), table, weights)
	if err != nil {
		return nil, err
	}
	if g.loss, err = op.Contrast(vectors, input("groups", g.groups), pairs, temperature); err != nil {
		return nil, err
	}
	if g.gradients, err = G.Grad(g.loss, table, weights); err != nil {
		return nil, fmt.Errorf("bag: gradient: %w", err)
	}
	g.machine = G.NewTapeMachine(expr)
	return g, nil
}

// Run computes the mean loss of a batch and its gradients.
func (g *Graph) Run(batch []Pair) (float64, error) {
	if len(batch) != g.Pairs {
		return 0, fmt.Errorf("bag: %d pairs for a graph of %d", len(batch), g.Pairs)
	}
	n := g.Pairs
	at := 0
	put := func(m int, features []int32, section int32) {
		at += copy(g.features[at:], features[:min(len(features), MaxFeatures)])
		g.bounds[m+1], g.groups[m] = int32(at), section
	}
	for i, p := range batch {
		put(i, p.Question, p.Section)
	}
	for i, p := range batch {
		put(n+i, p.Right, p.Section)
	}
	for i, p := range batch {
		put(2*n+i, p.Wrong, p.Other)
	}
	defer g.machine.Reset()
	if err := g.machine.RunAll(); err != nil {
		return 0, fmt.Errorf("bag: run: %w", err)
	}
	loss := float64(g.loss.Value().Data().(float32))
	if math.IsNaN(loss) || math.IsInf(loss, 0) {
		return 0, ErrNotFinite
	}
	return loss, nil
}

// Learnables lists the parameters with the gradients of the last Run, in memory that stays where it is.
func (g *Graph) Learnables() []optim.Param {
	return []optim.Param{
		{Name: "table", W: g.params.Table, G: g.gradients[0].Value().Data().([]float32), Decay: true},
		{Name: "weights", W: g.params.Weights, G: g.gradients[1].Value().Data().([]float32)},
	}
}

// Close ends the machine.
func (g *Graph) Close() error { return g.machine.Close() }
