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
	norm    []float32 // [C]
	head    []T       // [V,C]
	tasks   sync.Pool // *attention[T]
	tiles   sync.Pool // *tile[T]
}

type layer[T kernel.Elem] struct {
	attnNorm, mlpNorm      []float32
	qkv, out, gateUp, down []T // as in model.Layer
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
	for i := range p.Layers {
		l := &p.Layers[i]
		n.layer = append(n.layer, layer[T]{
			attnNorm: l.AttnNorm, mlpNorm: l.MLPNorm,
			qkv: element[T](l.QKV), out: element[T](l.Out), gateUp: element[T](l.GateUp), down: element[T](l.Down),
		})
	}
	if p.Config.Tied {
		n.head = element[T](p.Embed)
	} else {
		n.head = element[T](p.Head)
	}
	return n
}

// element returns a matrix in the type T: itself when that is float32.
func element[T kernel.Elem](w []float32) []T {
	if same, ok := any(w).([]T); ok {
		return same
	}
	out := make([]T, len(w))
	kernel.Tiles(len(w), 1<<16, func(lo, hi int) { kernel.Convert(out[lo:hi], w[lo:hi]) })
	return out
}

// linear computes y [m,n] (+)= x [m,k]·wᵀ for the rows w of a matrix; ld is the distance between rows of y.
func linear[T, R kernel.Elem](be kernel.Backend, y []R, x, w []T, m, n, k, ld int, accumulate bool) {
	kernel.Gemm(be, kernel.Shape{M: m, N: n, K: k, LDA: k, LDB: k, LDC: ld, TransB: true, Accumulate: accumulate}, y, x, w)
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
