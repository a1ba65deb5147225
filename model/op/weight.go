package op

import (
	G "gorgonia.org/gorgonia"

	"slm/model/kernel"
)

// weight is a matrix [N,K] of the model in float32. Products read copies in the backend's layout, which are made when their turn comes.
type weight[T kernel.Elem] struct {
	master []float32
	in     *layouts[T]
	made   func(room *[]float32, lo, hi int) []float32 // rows that products read instead of the master's (kernel.Weights.Fill); nil = those
}

// layouts are the copies for products forward and backward that all layers' weights of a kind share: a model's copies at once would be as large
// as the model, and making one takes a hundredth of the time of its products.
type layouts[T kernel.Elem] struct{ linear, grad layout[T] }

// layout is a copy and whose it is.
type layout[T kernel.Elem] struct {
	weights *kernel.Weights[T]
	holds   *weight[T]
}

// Share has the runtime of a graph without gradients take its copies of weights from one of the same backend and model. Their graphs run in turn.
func (r *Runtime[T]) Share(of *Runtime[T]) { r.layouts = of.layouts }

// weight is the matrix of a node. Matrices of one kind are of one shape, and an op has one of them at most.
func (r *Runtime[T]) weight(kind string, m *G.Node) *weight[T] {
	l, ok := r.layouts[kind]
	if !ok {
		n, k := m.Shape()[0], m.Shape()[1]
		l = &layouts[T]{linear: layout[T]{weights: kernel.NewWeights[T](r.be, n, k)}}
		if r.Train {
			l.grad.weights = kernel.NewGradWeights[T](r.be, n, k)
		}
		r.layouts[kind] = l
	}
	return &weight[T]{master: floats(m.Value()), in: l}
}

// linear is the copy for y = x·Wᵀ, until another weight of the kind asks. It is made by all threads, so it is not asked for from within them.
func (w *weight[T]) linear() *kernel.Weights[T] { return w.in.linear.of(w) }

// grad is the copy for dx = dy·W, as linear.
func (w *weight[T]) grad() *kernel.Weights[T] { return w.in.grad.of(w) }

func (l *layout[T]) of(w *weight[T]) *kernel.Weights[T] {
	if l.holds != w {
		if w.made != nil {
			l.weights.Fill(w.made)
		} else {
			l.weights.Set(w.master)
		}
		l.holds = w
	}
	return l.weights
}
