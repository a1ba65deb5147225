package model

import (
	"errors"
	"fmt"
	"strings"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"slm/model/kernel"
	"slm/model/op"
)

// ErrNotFinite says that a loss came out as NaN or infinite.
var ErrNotFinite = errors.New("model: the loss is not a finite number")

// Graph is the training graph of a model for batches of one shape: built and differentiated by Gorgonia, run by its TapeMachine. It reads
// the parameters in place and adds to gradients that it owns.
type Graph struct {
	Seqs, Len int // rows of a batch, tokens of a row
	params    *Params
	machine   G.VM
	nodes     G.Nodes

	tokens, targets, docs *tensor.Dense
	references            *tensor.Dense // [Seqs/2]; nil where nothing is preferred
	scaleNode             *G.Node
	loss                  *G.Node
	gradients             []*G.Node // in the order of learnables
	learnables            []learnable
	runtime               interface {
		Refresh()
		Publish()
		Zero()
		Losses() []float32
		Total(scale float64) float64
		Finite() bool
		CutLeaves(rows int)
		Sums() op.Sums
		Into(op.Sums)
		Ready(func(i int))
	}
}

// learnable is one node of weights with its index among the parameters' tensors.
type learnable struct {
	node *G.Node
	data []float32
	rows []int // Gradient.Rows
}

// Batch is what a Graph runs on: N = Seqs·Len tokens.
type Batch struct {
	Tokens  []int32 // [N]
	Targets []int32 // [N] the token after each token, −1 where none is trained
	Docs    []int32 // [N] index of the first token of the token's document, −1 for padding

	References []float32 // [Seqs/2] of a graph of preferences: log π_ref(preferred) − log π_ref(other) of each pair of rows, in nats
}

// Mode is what a graph computes.
type Mode int

const (
	Losses      Mode = iota // no gradients, and little memory
	Gradients               // losses and gradients
	Recomputing             // the same bits in less memory: for the gradient a block computes its activations again (Chen et al. 2016, arXiv 1604.06174)
)

// NewGraph builds the graph for batches of seqs rows of length tokens.
func NewGraph(p *Params, be kernel.Backend, seqs, length int, mode Mode) (*Graph, error) {
	return newGraph(p, be, seqs, length, mode, 0, nil)
}

// Probe builds a graph for the losses of g's parameters in batches of seqs rows of length tokens. It takes turns with g: both read the weights from one
// copy in the backend's layout, which is as large as the largest matrix of each kind.
func (g *Graph) Probe(be kernel.Backend, seqs, length int) (*Graph, error) {
	return newGraph(g.params, be, seqs, length, Losses, 0, g)
}

// NewPreferenceGraph builds the graph whose loss is that of direct preference optimisation (op.Preference) over seqs/2 pairs of rows: the preferred
// sequence, then the other one.
func NewPreferenceGraph(p *Params, be kernel.Backend, seqs, length int, mode Mode, beta float64) (*Graph, error) {
	if seqs%2 != 0 || !(beta > 0) {
		return nil, fmt.Errorf("model: %d rows, with a beta of %g, are no pairs", seqs, beta)
	}
	return newGraph(p, be, seqs, length, mode, beta, nil)
}

func newGraph(p *Params, be kernel.Backend, seqs, length int, mode Mode, beta float64, beside *Graph) (*Graph, error) {
	if seqs < 1 || length < 1 || length > p.Config.Context {
		return nil, fmt.Errorf("model: a batch of %d rows of %d tokens does not fit a context of %d", seqs, length, p.Config.Context)
	}
	if p.Config.Variant != (Variant{}) {
		return nil, fmt.Errorf("%w: models of LLaMA's shape can be trained; this one has %+v", ErrConfig, p.Config.Variant)
	}
	if be.Precision() == kernel.BF16 {
		return buildGraph[uint16](p, be, seqs, length, mode, beta, beside)
	}
	return buildGraph[float32](p, be, seqs, length, mode, beta, beside)
}

// buildGraph builds a graph of elements T. A beta of 0 is the likelihood's, any other the preferences'. It shares its copies of weights with the graph beside it.
func buildGraph[T kernel.Elem](p *Params, be kernel.Backend, seqs, length int, mode Mode, beta float64, beside *Graph) (*Graph, error) {
	cfg, train := p.Config, mode != Losses
	dims := op.Dims{
		Vocab: cfg.Vocab, Width: cfg.Width, Heads: cfg.Heads, KVHeads: cfg.KVHeads, HeadDim: cfg.HeadDim, Hidden: cfg.Hidden,
		Seqs: seqs, Len: length, Eps: float32(cfg.NormEps), Train: train, Recompute: mode == Recomputing, Frozen: p.Adapter != nil,
	}
	rt := op.NewRuntime[T](be, dims, kernel.NewRotary(length, cfg.HeadDim, cfg.RopeTheta))
	if beside != nil {
		rt.Share(beside.runtime.(*op.Runtime[T])) // of the same backend
	}
	g := &Graph{Seqs: seqs, Len: length, params: p, runtime: rt}
	n := seqs * length
	expr := G.NewGraph()

	input := func(name string) (*G.Node, *tensor.Dense) {
		t := tensor.New(tensor.WithShape(n), tensor.Of(tensor.Int32))
		return G.NewVector(expr, tensor.Int32, G.WithShape(n), G.WithName(name), G.WithValue(t)), t
	}
	leaf := func(name string, data []float32, shape ...int) *G.Node {
		t := tensor.New(tensor.WithShape(shape...), tensor.WithBacking(data))
		return G.NewTensor(expr, tensor.Float32, len(shape), G.WithShape(shape...), G.WithName(name), G.WithValue(t))
	}
	weight := func(name string, data []float32, shape ...int) *G.Node {
		node := leaf(name, data, shape...)
		if p.Adapter == nil {
			g.learnables = append(g.learnables, learnable{node, data, cfg.stackedRows(name)})
		}
		return node
	}
	learnt := func(name string, rows []int, data []float32, width int) *G.Node {
		node := leaf(name, data, len(data)/width, width)
		g.learnables = append(g.learnables, learnable{node, data, rows})
		return node
	}
	tokens, tokensT := input("tokens")
	targets, targetsT := input("targets")
	docs, docsT := input("docs")
	g.tokens, g.targets, g.docs = tokensT, targetsT, docsT
	g.scaleNode = G.NewScalar(expr, tensor.Float32, G.WithName("scale"))

	embedding := weight("embed", p.Embed, cfg.Vocab, cfg.Width)
	x, err := op.Embed(rt, tokens, embedding)
	for i := range p.Layers {
		if err != nil {
			return nil, err
		}
		l := &p.Layers[i]
		name := func(s string) string { return fmt.Sprintf("layer%d.%s", i, s) }
		to := p.updates(i, learnt)
		x, err = op.Attention(rt, i, x, docs, weight(name("attn_norm"), l.AttnNorm, cfg.Width),
			weight(name("qkv"), l.QKV, cfg.QKVWidth(), cfg.Width), weight(name("out"), l.Out, cfg.Width, cfg.QWidth()), to[matrixQKV], to[matrixOut])
		if err != nil {
			return nil, err
		}
		x, err = op.MLP(rt, i, x, weight(name("mlp_norm"), l.MLPNorm, cfg.Width),
			weight(name("gate_up"), l.GateUp, 2*cfg.Hidden, cfg.Width), weight(name("down"), l.Down, cfg.Width, cfg.Hidden), to[matrixGateUp], to[matrixDown])
	}
	if err != nil {
		return nil, err
	}
	norm := weight("norm", p.Norm, cfg.Width)
	var head *G.Node
	if cfg.Tied { // a leaf of its own in the same memory: Gorgonia would sum the gradients in memory of its own, the op does in place
		head = leaf("head", p.Embed, cfg.Vocab, cfg.Width)
	} else {
		head = weight("head", p.Head, cfg.Vocab, cfg.Width)
	}
	if beta == 0 {
		g.loss, err = op.Head(rt, train, cfg.Tied, x, targets, g.scaleNode, norm, head)
	} else {
		g.references = tensor.New(tensor.WithShape(seqs/2), tensor.Of(tensor.Float32))
		references := G.NewVector(expr, tensor.Float32, G.WithShape(seqs/2), G.WithName("references"), G.WithValue(g.references))
		g.loss, err = op.Preference(rt, train, cfg.Tied, beta, x, targets, g.scaleNode, norm, head, references)
	}
	if err != nil {
		return nil, err
	}
	if train {
		wrt := make(G.Nodes, len(g.learnables))
		for i, l := range g.learnables {
			wrt[i] = l.node
		}
		if g.gradients, err = G.Grad(g.loss, wrt...); err != nil {
			return nil, fmt.Errorf("model: gradient: %w", err)
		}
	}
	g.machine, g.nodes = G.NewTapeMachine(expr), expr.AllNodes()
	rt.Refresh()
	return g, nil
}

// CutLeaves has every run add the gradients, and the losses, of its rows in a tree: those of leaves of so many rows each in order, then leaves with leaves (package
// pairwise). A leaf is of one run. 0 = all rows of a run are one leaf, and runs may add to each other, in order.
func (g *Graph) CutLeaves(rows int) { g.runtime.CutLeaves(rows) }

// Sums is the memory in which gradients gather, from Zero until Gradients. It may be added to that of another run with the same parameters, or be overwritten by what others have gathered.
func (g *Graph) Sums() op.Sums { return g.runtime.Sums() }

// Into makes the next runs gather in other memory. Gradients wants the first, which Sums gives at the beginning.
func (g *Graph) Into(s op.Sums) { g.runtime.Into(s) }

// Ready has the next runs call f with the index of each of the Sums, once a run, as soon as nothing of the run adds to it any more; f runs between two ops. nil = no more calls.
func (g *Graph) Ready(f func(i int)) { g.runtime.Ready(f) }

// Run computes scale · Σ −log p(target), or scale · Σ of the pairs' losses where the graph prefers, and adds its gradient to what has gathered since Zero. With scale one over
// the number of targets, or pairs, in the optimiser step, losses and gradients of micro-batches add up to those of the whole.
func (g *Graph) Run(b Batch, scale float32) (loss float64, err error) {
	n := g.Seqs * g.Len
	if len(b.Tokens) != n || len(b.Targets) != n || len(b.Docs) != n {
		return 0, fmt.Errorf("model: a batch of %d tokens, %d targets and %d documents' starts for a graph of %d", len(b.Tokens), len(b.Targets), len(b.Docs), n)
	}
	if g.references != nil {
		if len(b.References) != g.Seqs/2 {
			return 0, fmt.Errorf("model: %d references for a graph of %d pairs", len(b.References), g.Seqs/2)
		}
		copy(g.references.Data().([]float32), b.References)
	}
	for i, id := range b.Tokens {
		if id < 0 || int(id) >= g.params.Config.Vocab || int(b.Targets[i]) >= g.params.Config.Vocab {
			return 0, fmt.Errorf("model: token %d of the batch is %d, its target %d: the vocabulary has %d", i, id, b.Targets[i], g.params.Config.Vocab)
		}
	}
	copy(g.tokens.Data().([]int32), b.Tokens)
	copy(g.targets.Data().([]int32), b.Targets)
	copy(g.docs.Data().([]int32), b.Docs)
	if err := G.Let(g.scaleNode, scale); err != nil {
		return 0, fmt.Errorf("model: %w", err)
	}
	defer g.machine.Reset()
	if err := g.machine.RunAll(); err != nil {
		return 0, fmt.Errorf("model: run: %w", err)
	}
	if !g.runtime.Finite() {
		return 0, ErrNotFinite
	}
	return g.runtime.Total(float64(scale)), nil
}

// LogProbs are Σ log p(target) over the targets of each row of the last run, [Seqs] in nats.
func (g *Graph) LogProbs() []float64 {
	out := make([]float64, g.Seqs)
	for i, l := range g.runtime.Losses() {
		out[i/g.Len] -= float64(l)
	}
	return out
}

// Refresh takes over parameters that have changed since the last Run.
func (g *Graph) Refresh() { g.runtime.Refresh() }

// Zero clears the gradients before a new optimiser step.
func (g *Graph) Zero() { g.runtime.Zero() }

// Gradient pairs a matrix of parameters with its gradient. The gradient is the graph's own memory and stays where it is.
type Gradient struct {
	Name string
	W, G []float32
	Rows []int // heights of the matrices of a layer that W holds, one below the other; nil for vectors, the embedding and the head
}

// Gradients lists the gradients gathered since Zero, fused as in Layer (the query, key and value projections in one). It is called after the
// last Run of a step: the gradient of the embedding is taken over then.
func (g *Graph) Gradients() ([]Gradient, error) {
	g.runtime.Publish()
	list := make([]Gradient, len(g.gradients))
	for i, node := range g.gradients {
		v := node.Value()
		if v == nil {
			return nil, fmt.Errorf("model: no gradient of %s: nothing has run", g.learnables[i].node.Name())
		}
		l := g.learnables[i]
		list[i] = Gradient{Name: l.node.Name(), W: l.data, G: v.Data().([]float32), Rows: l.rows}
	}
	return list, nil
}

// stackedRows are the heights of the matrices that a parameter of a layer holds.
func (c Config) stackedRows(name string) []int {
	_, kind, _ := strings.Cut(name, ".")
	switch kind {
	case "qkv":
		return []int{c.QWidth(), c.KVWidth(), c.KVWidth()}
	case "gate_up":
		return []int{c.Hidden, c.Hidden}
	case "out", "down":
		return []int{c.Width}
	}
	return nil
}

// Watch has every run of an op go through w: what the ops take is then known, and with it what the machine around them does.
func (g *Graph) Watch(w op.Watcher) {
	for _, n := range g.nodes {
		if o, ok := n.Op().(*op.Op); ok {
			o.Watch(w)
		}
	}
}

// Close ends the machine.
func (g *Graph) Close() error { return g.machine.Close() }
