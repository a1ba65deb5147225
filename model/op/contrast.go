package op

import (
	"fmt"
	"math"

	"github.com/chewxy/hm"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"slm/internal/elementary"
	"slm/model/kernel"
)

// contrast keeps the gradient of the similarities, which is computed together with the loss.
type contrast struct {
	n, all, width int       // questions; vectors, the questions among them; values of a vector
	temperature   float32   //
	d             []float32 // [n, all−n] gradient of the inner products
	losses        []float64
}

// Contrast is InfoNCE (van den Oord et al. 2018, arXiv 1807.03748, equation 4) over the pairs of a batch, with negatives of the batch's other pairs
// and others that are given:
//
//	loss = −1/n Σᵢ log( exp(qᵢ·cᵢ/τ) / Σⱼ exp(qᵢ·cⱼ/τ) ).
//
// vectors [M,D] are n questions, then the n candidates that are right for them, then M−2n more candidates. groups [M] says which section each is of: a
// candidate of the question's own section is in no sum, except as its right one. A batch is one unit: every candidate stands against every question, so
// it cannot be cut into parts whose gradients add up. The output is a scalar, and the graph's end.
func Contrast(vectors, groups *G.Node, n int, temperature float32) (*G.Node, error) {
	c := &contrast{n: n, all: vectors.Shape()[0], width: vectors.Shape()[1], temperature: temperature}
	if n < 1 || c.all < 2*n || groups.Shape()[0] != c.all || !(temperature > 0) {
		return nil, fmt.Errorf("op: contrast of %d questions in %d vectors and %d groups at temperature %g", n, c.all, groups.Shape()[0], temperature)
	}
	c.d, c.losses = make([]float32, n*(c.all-n)), make([]float64, n)
	o := &Op{name: "contrast", in: []hm.Type{matrix, indices}, out: scalarT, wrt: []bool{true, false}}
	o.run = func(out []float32, in []G.Value) error {
		out[0] = float32(c.forward(floats(in[0]), ints(in[1])))
		return nil
	}
	o.diff = func(inputs G.Nodes, output, grad *G.Node) (G.Nodes, error) {
		home := tensor.New(tensor.WithShape(c.all, c.width), tensor.Of(tensor.Float32))
		d := &Op{name: "contrast.grad", in: []hm.Type{matrix, scalarT, scalarT}, out: matrix, shape: tensor.Shape{c.all, c.width}, home: home}
		d.run = func(dv []float32, in []G.Value) error {
			if g := floats(in[2])[0]; g != 1 {
				return fmt.Errorf("op: the loss must be the graph's end: its gradient is %v, not 1", g)
			}
			c.backward(dv, floats(in[0]))
			return nil
		}
		dv, err := G.ApplyOp(d, inputs[0], output, grad)
		return G.Nodes{dv, nil}, err
	}
	return G.ApplyOp(o, vectors, groups)
}

func (c *contrast) forward(v []float32, groups []int32) float64 {
	m, w := c.all-c.n, c.width
	kernel.Parallel(c.n, func(i int) {
		row := c.d[i*m : (i+1)*m]
		for j := range row {
			if j != i && groups[c.n+j] == groups[i] {
				row[j] = float32(math.Inf(-1))
			} else {
				row[j] = kernel.Dot(v[i*w:(i+1)*w], v[(c.n+j)*w:(c.n+j+1)*w]) / c.temperature
			}
		}
		right := row[i]
		lse := softmax(row)
		c.losses[i] = lse - float64(right)
		row[i] = float32(elementary.Expm1(-c.losses[i])) // p − 1
		kernel.Scale(row, 1/(float32(c.n)*c.temperature))
	})
	sum := 0.0
	for _, l := range c.losses {
		sum += l
	}
	return sum / float64(c.n)
}

// softmax makes logits into probabilities and returns the logarithm of their sum of exponentials. A logit may be −∞.
func softmax(x []float32) float64 {
	highest := x[0]
	for _, l := range x {
		highest = max(highest, l)
	}
	sum := 0.0
	for _, l := range x {
		sum += elementary.Exp(float64(l - highest))
	}
	lse := float64(highest) + elementary.Log(sum)
	for j, l := range x {
		x[j] = float32(elementary.Exp(float64(l) - lse))
	}
	return lse
}

func (c *contrast) backward(dv, v []float32) {
	m, w := c.all-c.n, c.width
	kernel.Parallel(c.all, func(k int) {
		to := dv[k*w : (k+1)*w]
		clear(to)
		if k < c.n {
			for j, d := range c.d[k*m : (k+1)*m] {
				kernel.Axpy(to, v[(c.n+j)*w:(c.n+j+1)*w], d)
			}
			return
		}
		for i := range c.n {
			kernel.Axpy(to, v[i*w:(i+1)*w], c.d[i*m+k-c.n])
		}
	})
}
