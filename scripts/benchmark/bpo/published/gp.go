package published

import (
	"math"

	"gonum.org/v1/gonum/diff/fd"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/optimize"
	"gonum.org/v1/gonum/stat/distuv"
)

// gp is BoTorch's SingleTaskGP as it was before version 0.12, which both programs use: Matern-5/2 with a length scale a dimension of prior
// Gamma(3, 6), an output scale of Gamma(2, .15), noise of Gamma(1.1, .05), a constant mean, fitted to the highest posterior density.
// Points are not scaled, values are standardised by hand. With a similarity it is coupled as in InstructZero: the kernel between x and x' is
// l(x)ᵀ L⁻¹ S L⁻¹ l(x'), 1e-4 on L's diagonal.
type gp struct {
	x       [][]float64
	best    float64
	length  []float64
	scale   float64
	mean    float64
	latent  *mat.Cholesky // of L, when coupled
	similar *mat.SymDense
	chol    mat.Cholesky
	alpha   mat.VecDense
}

var (
	lengthPrior = distuv.Gamma{Alpha: 3, Beta: 6}
	scalePrior  = distuv.Gamma{Alpha: 2, Beta: 0.15}
	noisePrior  = distuv.Gamma{Alpha: 1.1, Beta: 0.05}
)

func matern(a, b, length []float64) float64 {
	var q float64
	for j := range a {
		r := (a[j] - b[j]) / length[j]
		q += r * r
	}
	r := math.Sqrt(5 * q)
	return (1 + r + r*r/3) * math.Exp(-r)
}

// fit standardises and fits.
func fit(x [][]float64, y []float64, similarity [][]float64) *gp {
	n, d := len(x), len(x[0])
	var mean, sd float64
	for _, v := range y {
		mean += v / float64(n)
	}
	for _, v := range y {
		sd += (v - mean) * (v - mean)
	}
	sd = math.Sqrt(sd/float64(max(1, n-1))) + 1e-9
	z := make([]float64, n)
	for i, v := range y {
		z[i] = (v - mean) / sd
	}
	g := &gp{x: x, best: math.Inf(-1)}
	for _, v := range z {
		g.best = math.Max(g.best, v)
	}
	if similarity != nil {
		g.similar = mat.NewSymDense(n, nil)
		for i := range n {
			for k := range i + 1 {
				g.similar.SetSym(i, k, similarity[i][k])
			}
		}
	}
	// u: logs of the length scales, the output scale and the noise, then the mean.
	u := make([]float64, d+3)
	for j := range d {
		u[j] = math.Log(lengthPrior.Mode())
	}
	u[d], u[d+1] = math.Log(scalePrior.Mode()), math.Log(2) // the noise prior's start in BoTorch
	negative := func(u []float64) float64 {
		h := *g
		noise, ok := h.set(u, z)
		if !ok {
			return 1e10
		}
		var dot float64
		for i := range z {
			dot += (z[i] - h.mean) * h.alpha.AtVec(i)
		}
		value := 0.5*dot + 0.5*h.chol.LogDet()
		for _, l := range h.length {
			value -= lengthPrior.LogProb(l)
		}
		return value - scalePrior.LogProb(h.scale) - noisePrior.LogProb(noise)
	}
	result, _ := optimize.Minimize(optimize.Problem{Func: negative, Grad: func(grad, u []float64) { fd.Gradient(grad, negative, u, nil) }},
		u, &optimize.Settings{GradientThreshold: 1e-3, MajorIterations: 50}, &optimize.LBFGS{}) // where it stops is the best it has found
	if result != nil && result.F <= negative(u) {
		u = result.X
	}
	if _, ok := g.set(u, z); !ok {
		g.alpha = *mat.NewVecDense(n, nil)
	}
	return g
}

// set conditions the process on z for given hyper-parameters.
func (g *gp) set(u, z []float64) (noise float64, ok bool) {
	n, d := len(g.x), len(g.x[0])
	g.length = make([]float64, d)
	for j := range d {
		g.length[j] = math.Exp(math.Max(-10, math.Min(10, u[j])))
	}
	g.scale, noise, g.mean = math.Exp(math.Max(-10, math.Min(10, u[d]))), math.Max(1e-4, math.Exp(math.Min(10, u[d+1]))), u[d+2]
	k := mat.NewSymDense(n, nil)
	for i := range n {
		for j := range i + 1 {
			k.SetSym(i, j, matern(g.x[i], g.x[j], g.length))
		}
	}
	if g.similar != nil {
		for i := range n {
			k.SetSym(i, i, 1+1e-4)
		}
		g.latent = &mat.Cholesky{}
		if !g.latent.Factorize(k) {
			return noise, false
		}
		k.CopySym(g.similar)
	}
	k.ScaleSym(g.scale, k)
	for i := range n {
		k.SetSym(i, i, k.At(i, i)+noise)
	}
	if !g.chol.Factorize(k) {
		return noise, false
	}
	centred := mat.NewVecDense(n, nil)
	for i, v := range z {
		centred.SetVec(i, v-g.mean)
	}
	g.alpha = mat.VecDense{}
	return noise, g.chol.SolveVecTo(&g.alpha, centred) == nil
}

// improvement is the expected improvement at x over the best value seen.
func (g *gp) improvement(x []float64) float64 {
	n := len(g.x)
	k := mat.NewVecDense(n, nil)
	for i, p := range g.x {
		k.SetVec(i, matern(x, p, g.length))
	}
	own := 1.0
	if g.similar != nil {
		var half, coupled mat.VecDense
		if g.latent.SolveVecTo(&half, k) != nil {
			return 0
		}
		coupled.MulVec(g.similar, &half)
		own = mat.Dot(&half, &coupled)
		k = &coupled
	}
	k.ScaleVec(g.scale, k)
	var solved mat.VecDense
	if g.chol.SolveVecTo(&solved, k) != nil {
		return 0
	}
	mean := g.mean + mat.Dot(k, &g.alpha)
	sd := math.Sqrt(math.Max(1e-12, g.scale*own-mat.Dot(k, &solved)))
	u := (mean - g.best) / sd
	return sd * (u*0.5*math.Erfc(-u/math.Sqrt2) + math.Exp(-u*u/2)/math.Sqrt(2*math.Pi))
}
