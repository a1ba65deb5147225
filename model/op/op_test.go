package op

import (
	"math"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"slm/model/kernel"
	"slm/rng"
)

// bench is a small graph around one op: its inputs are learnable, its loss is Σ y∘r with fixed random r, unless the op is a loss itself.
type bench struct {
	t      *testing.T
	g      *G.ExprGraph
	rt     *Runtime[float32]
	inputs G.Nodes
}

func newBench(t *testing.T, d Dims) *bench {
	be, err := kernel.Open("go")
	if err != nil {
		t.Fatal(err)
	}
	return &bench{t: t, g: G.NewGraph(), rt: NewRuntime[float32](be, d, kernel.NewRotary(d.Len, d.HeadDim, 10000))}
}

// learnable adds an input of random values with the given spread around the given centre.
func (b *bench) learnable(name string, centre, spread float64, shape ...int) *G.Node {
	data, s := make([]float32, tensor.Shape(shape).TotalSize()), rng.New(4, name)
	for i := range data {
		data[i] = float32(centre + spread*s.Norm())
	}
	n := G.NewTensor(b.g, tensor.Float32, len(shape), G.WithName(name), G.WithShape(shape...), G.WithValue(tensor.New(tensor.WithShape(shape...), tensor.WithBacking(data))))
	b.inputs = append(b.inputs, n)
	return n
}

func (b *bench) ints(name string, values ...int32) *G.Node {
	return G.NewVector(b.g, tensor.Int32, G.WithName(name), G.WithShape(len(values)), G.WithValue(tensor.New(tensor.WithShape(len(values)), tensor.WithBacking(values))))
}

func (b *bench) must(n *G.Node, err error) *G.Node {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
	return n
}

// project turns an output into a scalar.
func (b *bench) project(y *G.Node) *G.Node {
	data, s := make([]float32, y.Shape().TotalSize()), rng.New(5, "project")
	for i := range data {
		data[i] = float32(s.Norm())
	}
	r := G.NewTensor(b.g, tensor.Float32, 2, G.WithName("project"), G.WithShape(y.Shape()...), G.WithValue(tensor.New(tensor.WithShape(y.Shape()...), tensor.WithBacking(data))))
	return b.must(G.Sum(b.must(G.HadamardProd(y, r))))
}

// check compares the gradient of every input with fourth-order central differences.
func (b *bench) check(loss *G.Node) {
	b.t.Helper()
	grads, err := G.Grad(loss, b.inputs...)
	if err != nil {
		b.t.Fatal(err)
	}
	vm := G.NewTapeMachine(b.g)
	run := func() float64 {
		b.rt.Zero()
		b.rt.Refresh()
		if err := vm.RunAll(); err != nil {
			b.t.Fatal(err)
		}
		defer vm.Reset()
		return float64(floats(loss.Value())[0])
	}
	for k, input := range b.inputs {
		data := floats(input.Value())
		run() // gradients are the ops' own memory: take them before anything is perturbed
		b.rt.Publish()
		want := append([]float32(nil), floats(grads[k].Value())...)
		s := rng.New(6, input.Name())
		for range min(20, len(data)) {
			i, h := s.IntN(len(data)), 1e-2
			old := data[i]
			at := func(x float64) float64 {
				data[i] = float32(float64(old) + x)
				return run()
			}
			num := (8*(at(h)-at(-h)) - (at(2*h) - at(-2*h))) / (12 * h)
			data[i] = old
			if diff := math.Abs(num - float64(want[i])); diff > 3e-3+5e-3*math.Abs(num) {
				b.t.Errorf("%s[%d]: gradient %.6f, finite difference %.6f", input.Name(), i, want[i], num)
			}
		}
	}
}

// small has grouped queries, an odd hidden size, and rows that are no multiple of a vector.
var small = Dims{Vocab: 11, Width: 8, Heads: 4, KVHeads: 2, HeadDim: 4, Hidden: 7, Seqs: 2, Len: 6, Eps: 1e-5, Train: true}

// documents of the two rows: one of four and one of two tokens, then one of five and one of padding.
var smallDocs = []int32{0, 0, 0, 0, 4, 4, 6, 6, 6, 6, 6, -1}

func TestEmbed_GradientMatchesFiniteDifferences(t *testing.T) {
	b := newBench(t, small)
	y := b.must(Embed(b.rt, b.ints("tokens", 1, 2, 3, 1, 0, 10, 1, 4, 5, 6, 7, 0), b.learnable("E", 0, 1, 11, 8)))
	b.check(b.project(y))
}

func TestAttention_GradientMatchesFiniteDifferences(t *testing.T) {
	b := newBench(t, small)
	x := b.learnable("x", 0, 1, 12, 8)
	y := b.must(Attention(b.rt, 0, x, b.ints("docs", smallDocs...), b.learnable("norm", 1, .2, 8), b.learnable("qkv", 0, .4, 32, 8), b.learnable("out", 0, .4, 8, 16), nil, nil))
	b.check(b.project(y))
}

func TestMLP_GradientMatchesFiniteDifferences(t *testing.T) {
	b := newBench(t, small)
	y := b.must(MLP(b.rt, 0, b.learnable("x", 0, 1, 12, 8), b.learnable("norm", 1, .2, 8), b.learnable("gate_up", 0, .4, 14, 8), b.learnable("down", 0, .4, 8, 7), nil, nil))
	b.check(b.project(y))
}

func TestHead_GradientMatchesFiniteDifferences(t *testing.T) {
	b := newBench(t, small)
	scale := G.NewScalar(b.g, tensor.Float32, G.WithName("scale"), G.WithValue(float32(0.25)))
	loss := b.must(Head(b.rt, true, false, b.learnable("x", 0, 1, 12, 8), b.ints("targets", 3, -1, 0, 10, 5, 1, 2, -1, 4, 4, 9, -1), scale,
		b.learnable("norm", 1, .2, 8), b.learnable("W", 0, .5, 11, 8)))
	b.check(loss)
}

func TestHead_RefusesToBeAnInnerNode(t *testing.T) {
	b := newBench(t, small)
	scale := G.NewScalar(b.g, tensor.Float32, G.WithName("scale"), G.WithValue(float32(1)))
	loss := b.must(Head(b.rt, true, false, b.learnable("x", 0, 1, 12, 8), b.ints("targets", make([]int32, 12)...), scale,
		b.learnable("norm", 1, .2, 8), b.learnable("W", 0, .5, 11, 8)))
	twice := b.must(G.Add(loss, loss))
	if _, err := G.Grad(twice, b.inputs...); err != nil {
		t.Fatal(err)
	}
	if err := G.NewTapeMachine(b.g).RunAll(); err == nil {
		t.Fatal("a loss in the middle of a graph was differentiated as if it were its end")
	}
}
