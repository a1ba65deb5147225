// Package op holds the operations of the training graph: each sub-block of the transformer is one differentiable Gorgonia op
// (embedding; norm → attention → residual; norm → SwiGLU → residual; norm → head → loss). An op keeps its own activations, in the
// backend's precision, for its gradient; between ops flows the residual stream in f32.
//
// The arithmetic lives in model/kernel as plain functions over slices; this package only wires it into graphs.
package op

import (
	"fmt"
	"hash"
	"hash/fnv"

	"github.com/chewxy/hm"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Op is the one shape of all operations here. With value set, the op returns that value (an accumulator that outlives the run)
// instead of filling an output; with home set, it fills that in every run: TapeMachine would make its outputs anew.
type Op struct {
	name  string // unique in its graph: Gorgonia merges ops of equal hash
	in    []hm.Type
	out   hm.Type
	shape tensor.Shape // of the output; scalar when empty
	wrt   []bool       // inputs with a gradient
	value G.Value
	home  *tensor.Dense
	run   func(out []float32, in []G.Value) error
	diff  func(inputs G.Nodes, output, grad *G.Node) (G.Nodes, error)
	after func() // of every run; nil = nothing
	watch Watcher
}

// Watcher is called instead of an op's work, which run does. It is for profiles.
type Watcher func(name string, run func() error) error

var _ interface {
	G.Op
	G.SDOp
	G.UsePreallocDoer
} = (*Op)(nil)

var (
	scalarT = tensor.Float32
	vector  = G.TensorType{Dims: 1, Of: tensor.Float32}
	matrix  = G.TensorType{Dims: 2, Of: tensor.Float32}
	indices = G.TensorType{Dims: 1, Of: tensor.Int32}
)

// Arity is the number of inputs.
func (o *Op) Arity() int { return len(o.in) }

// Type is the op's type as Gorgonia's inference wants it.
func (o *Op) Type() hm.Type {
	return hm.NewFnType(append(append([]hm.Type{}, o.in...), o.out)...)
}

// InferShape returns the shape that was fixed when the op was built.
func (o *Op) InferShape(...G.DimSizer) (tensor.Shape, error) {
	if len(o.shape) == 0 {
		return tensor.ScalarShape(), nil
	}
	return o.shape.Clone(), nil
}

// Watch has all runs of the op go through w.
func (o *Op) Watch(w Watcher) { o.watch = w }

func (o *Op) work(out []float32, in []G.Value) (err error) {
	if o.watch != nil {
		err = o.watch(o.name, func() error { return o.run(out, in) })
	} else {
		err = o.run(out, in)
	}
	if err == nil && o.after != nil {
		o.after()
	}
	return err
}

// Do runs the op into a new value.
func (o *Op) Do(in ...G.Value) (G.Value, error) {
	switch {
	case o.value != nil:
		return o.value, o.work(nil, in)
	case len(o.shape) == 0:
		var x [1]float32
		err := o.work(x[:], in)
		return G.NewF32(x[0]), err
	case o.home != nil:
		return o.home, o.work(floats(o.home), in)
	}
	return o.UsePreallocDo(tensor.New(tensor.WithShape(o.shape...), tensor.Of(tensor.Float32)), in...)
}

// UsePreallocDo runs the op into a value of the right shape.
func (o *Op) UsePreallocDo(out G.Value, in ...G.Value) (G.Value, error) {
	if o.value != nil || o.home != nil || len(o.shape) == 0 {
		return o.Do(in...)
	}
	return out, o.work(floats(out), in)
}

// ReturnsPtr, CallsExtern and OverwritesInput are what Gorgonia's memory planner asks.
func (o *Op) ReturnsPtr() bool     { return true }
func (o *Op) CallsExtern() bool    { return false }
func (o *Op) OverwritesInput() int { return -1 }

// WriteHash identifies the op by its name, which is unique in its graph.
func (o *Op) WriteHash(h hash.Hash) { fmt.Fprintf(h, "slm/%s", o.name) }

// Hashcode is the hash as a number.
func (o *Op) Hashcode() uint32 {
	h := fnv.New32a()
	o.WriteHash(h)
	return h.Sum32()
}

func (o *Op) String() string { return o.name }

// DiffWRT says for which inputs there is a gradient.
func (o *Op) DiffWRT(int) []bool { return o.wrt }

// SymDiff adds the gradient's nodes to the graph.
func (o *Op) SymDiff(inputs G.Nodes, output, grad *G.Node) (G.Nodes, error) {
	if o.diff == nil {
		return nil, fmt.Errorf("op: %s has no gradient", o.name)
	}
	return o.diff(inputs, output, grad)
}

// floats and ints give the memory behind a value of the graph.
func floats(v G.Value) []float32 {
	switch d := v.Data().(type) {
	case []float32:
		return d
	case float32: // Gorgonia hands scalars out by value
		return []float32{d}
	}
	return nil
}

func ints(v G.Value) []int32 { return v.Data().([]int32) }
