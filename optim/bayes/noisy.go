package bayes

import (
	"math"

	"slm/internal/elementary"
	"slm/rng"
)

// noisySamples is how many draws of the values at the observed points are averaged over; they come in pairs of opposite sign.
const noisySamples = 32

// noisy is the logarithm of noisy expected improvement (Letham et al., "Constrained Bayesian optimization with noisy experiments", 2019,
// eq. 5): the true values f at the observed points are drawn from the posterior, each draw gives a process without noise through them and
// an incumbent, and the expected improvements are averaged. The variance is the same for all draws, so a point costs one solve and as many
// inner products as there are draws. All averages are of logarithms, as in Ament et al. 2023.
type noisy struct {
	g     *GP
	exact *GP         // through the observed points without noise; its alpha is not used
	alpha [][]float64 // [draws, n] K⁻¹(f - mean)
	best  []float64   // [draws]
}

// newNoisy draws f = posterior mean + R·z with R Rᵀ = K - K Σ⁻¹ K, in O(n³).
func newNoisy(g *GP, stream *rng.Stream) (*noisy, error) {
	t := g.data
	n := t.n
	bare := make(triangle, len(g.sigma))
	copy(bare, g.sigma)
	for i := range n {
		bare.row(i)[i] = 1 + quiet
	}
	chol, err := newFactor(bare, n)
	if err != nil {
		return nil, err
	}
	exact := *g
	exact.chol = chol
	// Posterior covariance of f: K - KΣ⁻¹K = D - DΣ⁻¹D with D = Σ - K diagonal, which has no cancellation where D is small.
	cov := make(triangle, len(g.sigma))
	precision(cov, g.chol.inverse, n)
	for i := range n {
		di := g.error(i)
		row := cov.row(i)
		for j := range row {
			row[j] *= -di * g.error(j)
		}
		row[i] += di
	}
	root, err := newFactor(cov, n)
	if err != nil {
		return nil, err
	}
	a := &noisy{g: g, exact: &exact}
	z, f := make([]float64, n), make([]float64, n)
	draws := stream.At(0)
	for s := range noisySamples {
		for i := range z {
			if s%2 == 0 {
				z[i] = draws.Norm()
			} else {
				z[i] = -z[i]
			}
		}
		best := math.Inf(-1)
		for i := range f {
			f[i] = g.fitted(i) + dot(root.lower.row(i), z)
			best = math.Max(best, f[i])
			f[i] -= g.Mean
		}
		alpha := make([]float64, n)
		chol.solve(alpha, f)
		a.alpha, a.best = append(a.alpha, alpha), append(a.best, best)
	}
	return a, nil
}

// quiet is the noise variance that the exact process keeps, so that its matrix can be factorised.
const quiet = 1e-6

func (a *noisy) at(x, grad []float64, w *work) float64 {
	_, variance := a.exact.posterior(x, w)
	sigma := math.Sqrt(variance)
	var us, logs, slopes [noisySamples]float64
	top := math.Inf(-1)
	for s, alpha := range a.alpha {
		us[s] = (a.g.Mean + dot(w.k, alpha) - a.best[s]) / sigma
		top = math.Max(top, us[s])
	}
	highest, _ := logH(top)
	least := math.Min(top, 0)
	var sum float64
	for s, u := range us {
		if float64(u*u)-float64(least*least) > negligible && u < 0 {
			continue // its share stays 0
		}
		h, slope := logH(u)
		logs[s], slopes[s] = elementary.Exp(h-highest), slope
		sum += logs[s]
	}
	if grad != nil {
		for s := range logs {
			slopes[s] *= logs[s] / sum
		}
		a.slope(grad, us[:], slopes[:], x, w, variance)
	}
	return elementary.Log(sigma) + highest + elementary.Log(sum/noisySamples)
}

// negligible is how far u² may lie above that of the draw with the largest u until exp(-u²/2), and with it the draw's share, is below rounding.
const negligible = 80

// slope writes the gradient Σ_s weight_s·(dm_s - u_s·dσ)/σ + dσ/σ: as the weights do not depend on the coordinate, the draws' alphas are
// added up first.
func (a *noisy) slope(grad, us, weights, x []float64, w *work, variance float64) {
	sigma := math.Sqrt(variance)
	mixed := make([]float64, len(w.k))
	var drawn float64 // Σ weight·u
	for s, v := range weights {
		if v != 0 {
			axpy(v, a.alpha[s], mixed)
			drawn += float64(v * us[s])
		}
	}
	a.exact.chol.transposed(w.w, w.v)
	a.exact.slopeOf(mixed, -4, x, w)
	for j := range grad {
		dsigma := w.dsigma(j, variance)
		grad[j] = (w.dm[j] + float64(dsigma*(1-drawn))) / sigma
	}
}
