package kernel

import "math"

// AdamW does one step of Adam with decoupled weight decay (Loshchilov and Hutter 2019, algorithm 2) in PyTorch's order, in one pass:
//
//	g ← g·gscale;  w ← w − lr·decay·w;  m ← β₁m + (1−β₁)g;  v ← β₂v + (1−β₂)g²;  w ← w − lr·(m/corr1) / (√(v/corr2) + eps)
//
// corr1 = 1−β₁^t and corr2 = 1−β₂^t. g itself is left as it is. The relative error of m, v and the
// update is a few units in the last place.
func AdamW(w, m, v, g []float32, lr, beta1, beta2, eps, decay, corr1, corr2, gscale float32) {
	sameLen("AdamW", len(w), len(m), len(v), len(g))
	c := adamCoef{
		keep:  float32(1 - float64(float64(lr)*float64(decay))),
		beta1: beta1, rest1: oneMinus(beta1),
		beta2: beta2, rest2: oneMinus(beta2),
		root: float32(1 / math.Sqrt(float64(corr2))), eps: eps,
		step: float32(float64(lr) / float64(corr1)), gscale: gscale,
	}
	cpu.adamW(w, m, v, g, c)
}

// adamCoef holds what a step multiplies with; the assembly reads the fields in this order.
type adamCoef struct {
	gscale, keep, beta1, rest1, beta2, rest2, root, eps, step float32
}

// oneMinus is 1−β. A float32 β near 1 is off by up to 3e-8, which is 3e-5 of 1−0.999; the seven decimals that β was rounded from
// are restored first.
func oneMinus(beta float32) float32 {
	return float32(1 - math.Round(float64(beta)*1e7)/1e7)
}

func adamWGo(w, m, v, g []float32, c adamCoef) {
	for i, gi := range g {
		gi *= c.gscale
		mi := fma32(c.rest1, gi, c.beta1*m[i])
		vi := fma32(c.rest2*gi, gi, c.beta2*v[i])
		m[i], v[i] = mi, vi
		d := fma32(float32(math.Sqrt(float64(vi))), c.root, c.eps)
		w[i] = fma32(w[i], c.keep, -(c.step * mi / d))
	}
}
