package kernel

import "math"

// SwiGLU is silu(gate)·up with silu(g) = g·σ(g), σ(g) = 1/(1+e^−g) (Shazeer 2020, without biases). The relative error is 1e-6, and on
// bf16 half a unit in the last place and 1e-5. Gates below −87 count as −87, where silu is −1e-36.

// SwiGLU computes dst = silu(gate)·up.
func SwiGLU(dst, gate, up []float32) {
	sameLen("SwiGLU", len(dst), len(gate), len(up))
	cpu.swiglu(dst, gate, up)
}

func swigluGo(dst, gate, up []float32) {
	for i, g := range gate {
		g, s := sigmoid(g, exp32)
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
		g, s := sigmoid(widenBF16(b), expRough)
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
		dgate[i], dup[i], _ = swigluGrad(dh[i], g, up[i], exp32)
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
		dg, du, _ := swigluGrad(widenBF16(dh[i]), widenBF16(b), widenBF16(up[i]), expRough)
		dgate[i], dup[i] = roundBF16(dg), roundBF16(du)
	}
}

func swigluGradKeepBF16Go(dgate, dup, h, dh, gate, up []uint16) {
	for i, b := range gate {
		dg, du, hv := swigluGrad(widenBF16(dh[i]), widenBF16(b), widenBF16(up[i]), expRough)
		dgate[i], dup[i], h[i] = roundBF16(dg), roundBF16(du), roundBF16(hv)
	}
}

func swigluGrad(dh, g, up float32, exp func(float32) float32) (dgate, dup, h float32) {
	g, s := sigmoid(g, exp)
	silu := g * s
	return fma32(silu, 1-s, s) * up * dh, dh * silu, silu * up
}

// sigmoid returns g, not less than −87, and σ(g) by a function for e^x. Beyond 87, σ is 1.
func sigmoid(g float32, exp func(float32) float32) (clamped, sigma float32) {
	if g < -87 {
		g = -87
	}
	return g, 1 / (1 + exp(-min(g, 87)))
}

// expRough is e^x, |x| ≤ 87, for results that are rounded to bf16: a polynomial of degree 4 and ln2 in one piece err by 5e-6, a thousandth of that
// rounding.
func expRough(x float32) float32 {
	n := float32(math.RoundToEven(float64(x) * float64(float32(log2e))))
	r := fma32(n, -math.Ln2, x)
	p := float32(0.04127766937017441)
	for _, c := range [4]float32{0.16753531992435455, 0.5000512003898621, 1, 1} {
		p = fma32(p, r, c)
	}
	return p * pow2(int32(n))
}
