package kernel

// SwiGLU is silu(gate)·up with silu(g) = g·σ(g), σ(g) = 1/(1+e^−g) (Shazeer 2020, without biases). The relative error is 1e-6, and on
// bf16 half a unit in the last place and 1e-5. Gates below −87 count as −87, where silu is −1e-36.

// SwiGLU computes dst = silu(gate)·up.
func SwiGLU(dst, gate, up []float32) {
	sameLen("SwiGLU", len(dst), len(gate), len(up))
	cpu.swiglu(dst, gate, up)
}

func swigluGo(dst, gate, up []float32) {
	for i, g := range gate {
		g, s := sigmoid(g)
		dst[i] = g * s * up[i]
	}
}

// SwiGLUBF16 is SwiGLU on bf16, computed in float32 and rounded once.
func SwiGLUBF16(dst, gate, up []uint16) {
	sameLen("SwiGLUBF16", len(dst), len(gate), len(up))
	cpu.swigluBF16(dst, gate, up)
}

func swigluBF16Go(dst, gate, up []uint16) {
	for i, b := range gate {
		g, s := sigmoid(widenBF16(b))
		dst[i] = roundBF16(g * s * widenBF16(up[i]))
	}
}

// SwiGLUGrad computes dup = dh·silu(gate) and dgate = dh·up·σ·(1 + gate·(1−σ)); both are overwritten.
func SwiGLUGrad(dgate, dup, dh, gate, up []float32) {
	sameLen("SwiGLUGrad", len(dgate), len(dup), len(dh), len(gate), len(up))
	cpu.swigluGrad(dgate, dup, dh, gate, up)
}

func swigluGradGo(dgate, dup, dh, gate, up []float32) {
	for i, g := range gate {
		dgate[i], dup[i], _ = swigluGrad(dh[i], g, up[i])
	}
}

// SwiGLUGradBF16 is SwiGLUGrad on bf16, computed in float32 and rounded once. It also computes h = silu(gate)·up again, so that the
// forward pass need not keep it; h may be nil.
func SwiGLUGradBF16(dgate, dup, h []uint16, dh, gate, up []uint16) {
	sameLen("SwiGLUGradBF16", len(dgate), len(dup), len(dh), len(gate), len(up))
	if h != nil {
		sameLen("SwiGLUGradBF16", len(dgate), len(h))
		cpu.swigluGradKeepBF16(dgate, dup, h, dh, gate, up)
		return
	}
	cpu.swigluGradBF16(dgate, dup, dh, gate, up)
}

func swigluGradBF16Go(dgate, dup, dh, gate, up []uint16) {
	for i, b := range gate {
		dg, du, _ := swigluGrad(widenBF16(dh[i]), widenBF16(b), widenBF16(up[i]))
		dgate[i], dup[i] = roundBF16(dg), roundBF16(du)
	}
}

func swigluGradKeepBF16Go(dgate, dup, h, dh, gate, up []uint16) {
	for i, b := range gate {
		dg, du, hv := swigluGrad(widenBF16(dh[i]), widenBF16(b), widenBF16(up[i]))
		dgate[i], dup[i], h[i] = roundBF16(dg), roundBF16(du), roundBF16(hv)
	}
}

func swigluGrad(dh, g, up float32) (dgate, dup, h float32) {
	g, s := sigmoid(g)
	silu := g * s
	return dh * up * (s + silu*(1-s)), dh * silu, silu * up
}

// sigmoid returns g, not less than −87, and σ(g).
func sigmoid(g float32) (clamped, sigma float32) {
	if g < -87 {
		g = -87
	}
	return g, 1 / (1 + exp32(-g))
}
