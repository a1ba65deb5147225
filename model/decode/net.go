package decode

import (
	"sync"

	"slm/model"
	"slm/model/kernel"
)

// net is the network with its matrices in the backend's element type T.
type net[T kernel.Elem] struct {
	config  model.Config
	backend kernel.Backend
	rotary  *kernel.Rotary
	layer   []layer[T]
	norm    []float32          // [C]
	head    *kernel.Weights[T] // [V,C]
	tasks   sync.Pool          // *attention[T]
	tiles   sync.Pool          // *tile[T]
}

type layer[T kernel.Elem] struct {
	attnNorm, mlpNorm        []float32
	qkv, out, gate, up, down *kernel.Weights[T] // as in model.Layer, the gate and the other half of its matrix apart
}

func newNet[T kernel.Elem](p *model.Params, backend kernel.Backend) *net[T] {
	n := &net[T]{
		config:  p.Config,
		backend: backend,
		rotary:  kernel.NewRotary(p.Config.Context, p.Config.HeadDim, p.Config.RopeTheta),
		norm:    p.Norm,
	}
	n.tasks.New = func() any { return &attention[T]{} }
	n.tiles.New = func() any { return &tile[T]{} }
	c := p.Config
	take := func(w []float32, n, k int) *kernel.Weights[T] {
		t := kernel.NewWeights[T](backend, n, k, false)
		t.Set(w)
		return t
	}
	for i := range p.Layers {
		l := &p.Layers[i]
		half := c.Hidden * c.Width
		n.layer = append(n.layer, layer[T]{
			attnNorm: l.AttnNorm, mlpNorm: l.MLPNorm,
			qkv: take(l.QKV, c.QKVWidth(), c.Width), out: take(l.Out, c.Width, c.QWidth()),
			gate: take(l.GateUp[:half], c.Hidden, c.Width), up: take(l.GateUp[half:], c.Hidden, c.Width), down: take(l.Down, c.Width, c.Hidden),
		})
	}
	if c.Tied {
		n.head = take(p.Embed, c.Vocab, c.Width)
	} else {
		n.head = take(p.Head, c.Vocab, c.Width)
	}
	return n
}

func rmsNorm[T kernel.Elem](dst []T, x, w []float32, eps float64) {
	switch d := any(dst).(type) {
	case []float32:
		kernel.RMSNorm(d, x, w, float32(eps))
	case []uint16:
		kernel.RMSNormBF16(d, x, w, float32(eps))
	}
}

func swiGLU[T kernel.Elem](dst, gate, up []T) {
	switch d := any(dst).(type) {
	case []float32:
		kernel.SwiGLU(d, any(gate).([]float32), any(up).([]float32))
	case []uint16:
		kernel.SwiGLUBF16(d, any(gate).([]uint16), any(up).([]uint16))
	}
}
