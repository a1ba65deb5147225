package op

import (
	"fmt"

	"github.com/chewxy/hm"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"slm/model/kernel"
)

// mlp keeps what one layer's gradient needs.
type mlp[T kernel.Elem] struct {
	*Runtime[T]
	wGateUp, wDown *weight[T]
	uGateUp, uDown *update[T]
	gateUp         []T       // [N, 2F]
	rstd           []float32 // [N]
}

// MLP is the block y = x + (silu(g)·u)·Wdownᵀ with [g;u] = norm(x)·Wgateupᵀ (SwiGLU, Shazeer 2020, eq. 6): x [N,C] → [N,C].
// toGateUp and toDown change the matrices, where they are not nil.
func MLP[T kernel.Elem](r *Runtime[T], layer int, x, norm, gateUp, down *G.Node, toGateUp, toDown *Update) (*G.Node, error) {
	n, c, f := r.tokens(), r.Width, r.Hidden
	m := &mlp[T]{Runtime: r, uGateUp: r.update("gate_up", toGateUp), uDown: r.update("down", toDown)}
	m.wGateUp, m.wDown = m.uGateUp.onto(r.weight("gate_up", gateUp)), m.uDown.onto(r.weight("down", down))
	if from := r.gated; from != nil && r.shared() {
		m.gateUp, m.rstd = from.gateUp, from.rstd
	} else {
		m.gateUp, m.rstd = make([]T, n*2*f), make([]float32, n)
		r.gated = m
	}
	name := fmt.Sprintf("mlp.%d", layer)
	nodes, types, wrt := inputs(G.Nodes{x, norm, gateUp, down}, []hm.Type{matrix, vector, matrix, matrix}, []bool{true, true, true, true}, r.Frozen, toGateUp, toDown)
	o := &Op{name: name, in: types, out: matrix, shape: tensor.Shape{n, c}, wrt: wrt, home: r.kept()}
	o.run = func(y []float32, in []G.Value) error {
		m.forward(y, floats(in[0]), floats(in[1]))
		return nil
	}
	o.diff = func(inputs G.Nodes, _, grad *G.Node) (G.Nodes, error) {
		r.alloc()
		var dNorm, dGateUp, dDown *accumulator
		if !r.Frozen {
			dNorm, dGateUp, dDown = r.gradient(c), r.weightGradient(2*f, c), r.weightGradient(c, f)
		}
		low := append(m.uGateUp.gradients(), m.uDown.gradients()...)
		d := &Op{name: name + ".grad", in: []hm.Type{matrix, matrix, vector}, out: matrix, shape: tensor.Shape{n, c}, home: r.passing()}
		d.run = func(dx []float32, in []G.Value) error {
			m.backward(dx, floats(in[0]), floats(in[1]), floats(in[2]), dNorm, dGateUp, dDown)
			return nil
		}
		dx, err := G.ApplyOp(d, inputs[0], grad, inputs[1])
		if err != nil {
			return nil, err
		}
		return r.gradientNodes(name, dx, 0, append([]*accumulator{dNorm, dGateUp, dDown}, low...)...)
	}
	return G.ApplyOp(o, nodes...)
}

func (m *mlp[T]) forward(y, x, norm []float32) {
	c, f, gateUp, down := m.Width, m.Hidden, m.wGateUp.linear(), m.wDown.linear()
	m.tiles(func(_, lo, hi int) {
		act := buffer[T](tileRows * f)
		defer release(act)
		gu := m.gate(gateUp, x, norm, lo, hi)
		for i := range hi - lo {
			swiGLU((*act)[i*f:(i+1)*f], gu[i*2*f:i*2*f+f], gu[i*2*f+f:(i+1)*2*f])
		}
		kernel.LinearPlus(down, y[lo*c:hi*c], x[lo*c:hi*c], *act, hi-lo, f)
	})
}

// gate computes what the block keeps for its gradient, for the rows of one tile: [hi−lo,2F].
func (m *mlp[T]) gate(w *kernel.Weights[T], x, norm []float32, lo, hi int) []T {
	h, wide := buffer[T](tileRows*m.Width), 2*m.Hidden
	defer release(h)
	normRows(*h, x, norm, m.rstd, lo, hi, m.Width, m.Eps)
	gu := m.gateUp[lo*wide : hi*wide]
	kernel.Linear(w, gu, *h, hi-lo, m.Width, wide, 0, wide, false)
	return gu
}

func (m *mlp[T]) backward(dx, x, dy, norm []float32, dNorm, dGateUp, dDown *accumulator) {
	c, f := m.Width, m.Hidden
	dgu := m.dWide[:m.tokens()*2*f]
	gateUp, down, again := m.wGateUp.grad(), m.wDown.grad(), (*kernel.Weights[T])(nil)
	if m.Recompute {
		again = m.wGateUp.linear()
	}
	m.tiles(func(tile, lo, hi int) {
		if m.Recompute {
			m.gate(again, x, norm, lo, hi)
		}
		dact := buffer[T](tileRows * f)
		defer release(dact)
		kernel.Convert(m.dy[lo*c:hi*c], dy[lo*c:hi*c])
		kernel.LinearGrad(down, *dact, m.dy[lo*c:hi*c], hi-lo, c, f, false)
		for i := lo; i < hi; i++ {
			g, u := m.gateUp[i*2*f:i*2*f+f], m.gateUp[i*2*f+f:(i+1)*2*f]
			swiGLUGrad(dgu[i*2*f:i*2*f+f], dgu[i*2*f+f:(i+1)*2*f], m.act[i*f:(i+1)*f], (*dact)[(i-lo)*f:(i-lo+1)*f], g, u)
		}
		m.normBackward(dx, x, dy, norm, m.rstd, dgu, 2*f, gateUp, tile, lo, hi)
	})
	m.reduceNorms(dNorm)
	if m.Frozen {
		m.weightGradients(0, m.Seqs, append(m.uDown.products(m.dy, c, m.act, f), m.uGateUp.products(dgu, 2*f, m.h, c)...)...)
		return
	}
	m.weightGradients(0, m.Seqs,
		product[T]{sums: dDown, dy: m.dy, ldy: c, x: m.act, ldx: f},
		product[T]{sums: dGateUp, dy: dgu, ldy: 2 * f, x: m.h, ldx: c},
	)
}

func swiGLU[T kernel.Elem](dst, gate, up []T) {
	switch dst := any(dst).(type) {
	case []float32:
		kernel.SwiGLU(dst, any(gate).([]float32), any(up).([]float32))
	case []uint16:
		kernel.SwiGLUBF16(dst, any(gate).([]uint16), any(up).([]uint16))
	}
}

// swiGLUGrad also recomputes h = silu(gate)·up, which the gradient of the next projection needs.
func swiGLUGrad[T kernel.Elem](dgate, dup, h, dh, gate, up []T) {
	switch dgate := any(dgate).(type) {
	case []float32:
		kernel.SwiGLU(any(h).([]float32), any(gate).([]float32), any(up).([]float32))
		kernel.SwiGLUGrad(dgate, any(dup).([]float32), any(dh).([]float32), any(gate).([]float32), any(up).([]float32))
	case []uint16:
		kernel.SwiGLUGradBF16(dgate, any(dup).([]uint16), any(h).([]uint16), any(dh).([]uint16), any(gate).([]uint16), any(up).([]uint16))
	}
}
