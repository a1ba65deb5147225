package decode

import (
	"math"
	"sync"

	"slm/model/kernel"
)

// gatePart is how many values of a gate are computed together.
const gatePart = 256

// gateRooms are *gateRoom: on the stack they would not stay, as the kernels are called through a table.
var gateRooms = sync.Pool{New: func() any { return new(gateRoom) }}

type gateRoom struct{ u, v, gate, up [gatePart]float32 }

// geGLU computes dst = GELU(gate)·up with GELU in its tanh form (Hendrycks and Gimpel 2016, §2; Shazeer 2020, arXiv 2002.05202): with
// u = √(8/π)·(x + 0.044715·x³) it is x·σ(u). SwiGLU computes u·σ(u)·v, so v = up·x/u gives the same.
func geGLU(dst, gate, up []float32) {
	room := gateRooms.Get().(*gateRoom)
	defer gateRooms.Put(room)
	u, v := &room.u, &room.v
	for len(dst) > 0 {
		n := min(gatePart, len(dst))
		for i, x := range gate[:n] {
			// From |x| = 32 on σ(u) is 0 or 1 to the last bit; the bound keeps u finite.
			f := float32(2*math.Sqrt2/math.SqrtPi) * (1 + float32(0.044715*min(x*x, 1024)))
			u[i], v[i] = x*f, up[i]/f
		}
		kernel.SwiGLU(dst[:n], u[:n], v[:n])
		dst, gate, up = dst[n:], gate[n:], up[n:]
	}
}

// geGLU16 is geGLU of bf16, rounded once.
func geGLU16(dst, gate, up []uint16) {
	room := gateRooms.Get().(*gateRoom)
	defer gateRooms.Put(room)
	g, u := &room.gate, &room.up
	for len(dst) > 0 {
		n := min(gatePart, len(dst))
		kernel.FromBF16(g[:n], gate[:n])
		kernel.FromBF16(u[:n], up[:n])
		geGLU(g[:n], g[:n], u[:n])
		kernel.ToBF16(dst[:n], g[:n])
		dst, gate, up = dst[n:], gate[n:], up[n:]
	}
}

// gated computes a gate's activation times the other half.
func (n *net[T]) gated(dst, gate, up []T) {
	switch d := any(dst).(type) {
	case []float32:
		n.gated32(d, any(gate).([]float32), any(up).([]float32))
	case []uint16:
		if g, u := any(gate).([]uint16), any(up).([]uint16); n.config.GELU {
			geGLU16(d, g, u)
		} else {
			kernel.SwiGLUBF16(d, g, u)
		}
	}
}

func (n *net[T]) gated32(dst, gate, up []float32) {
	if n.config.GELU {
		geGLU(dst, gate, up)
	} else {
		kernel.SwiGLU(dst, gate, up)
	}
}
