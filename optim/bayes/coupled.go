package bayes

import (
	"fmt"
	"math"
)

// coupling is the instruction-coupled kernel of InstructZero (Chen et al., arXiv 2306.03082, eq. 6): with L the latent kernel between the
// observed points, S a similarity of what they led to, and l(x) the latent kernel between x and the observed points,
//
//	K(x,x') = l(x)ᵀ L⁻¹ S L⁻¹ l(x').
//
// On observed points K = S. Far from all of them it is 0, so the process is sure of its mean there; nothing is known of S for a new point.
type coupling struct {
	weights []float64 // [n] L⁻¹Sα: the posterior mean is m + l(x)ᵀ·weights
	form    []float64 // [n,n] the posterior variance is l(x)ᵀ·form·l(x)
}

// couple turns a process into a coupled one with similarity S [n][n], symmetric, in the order of the observations. Length scales stay:
// the likelihood of the coupled process does not depend on them.
func (g *GP) couple(similarity [][]float64) (*GP, error) {
	n := g.data.n
	if err := checkSimilarity(similarity, n); err != nil {
		return nil, err
	}
	latent := make(triangle, len(g.sigma))
	copy(latent, g.sigma)
	sigma := make(triangle, len(g.sigma))
	for i := range n {
		latent.row(i)[i] = 1
		copy(sigma.row(i), similarity[i])
		sigma.row(i)[i] += g.Noise + g.data.noise[i]
	}
	l, err := newFactor(latent, n)
	if err != nil {
		return nil, err
	}
	h := *g
	h.sigma = sigma
	if h.chol, err = newFactor(sigma, n); err != nil {
		return nil, err
	}
	h.Mean, h.alpha = centred(h.chol.solve, h.data.y)
	h.best = math.Inf(-1)
	for i := range n {
		h.best = math.Max(h.best, h.fitted(i))
	}
	// through = L⁻¹S, row by row of its transpose; reduced = chol⁻¹·S·L⁻¹, so that form = L⁻¹SL⁻¹ - reducedᵀ·reduced.
	c := &coupling{weights: make([]float64, n), form: make([]float64, n*n)}
	sa := make([]float64, n)
	through, reduced := make([]float64, n*n), make([]float64, n*n) // row i: L⁻¹S's column i
	for i := range n {
		sa[i] = dot(similarity[i], h.alpha)
		l.solve(through[i*n:(i+1)*n], similarity[i])
	}
	l.solve(c.weights, sa)
	column, out := make([]float64, n), make([]float64, n)
	for j := range n {
		for i := range n {
			column[i] = through[i*n+j]
		}
		l.solve(c.form[j*n:(j+1)*n], column) // row j of L⁻¹SL⁻¹
		h.chol.times(out, column)
		copy(reduced[j*n:(j+1)*n], out)
	}
	for j := range n {
		for i := range n {
			c.form[j*n+i] -= dot(reduced[j*n:(j+1)*n], reduced[i*n:(i+1)*n])
		}
	}
	h.coupled = c
	return &h, nil
}

func checkSimilarity(s [][]float64, n int) error {
	if len(s) != n {
		return fmt.Errorf("bayes: similarity of %d points, there are %d", len(s), n)
	}
	for i, row := range s {
		if len(row) != n {
			return fmt.Errorf("bayes: row %d of the similarity has %d entries, want %d", i, len(row), n)
		}
		for j, v := range row {
			if math.IsNaN(v) || math.IsInf(v, 0) || v != s[j][i] {
				return fmt.Errorf("bayes: similarity of %d and %d is %v and %v", i, j, v, s[j][i])
			}
		}
	}
	return nil
}

// posterior returns mean and variance for the latent kernel k between a point and the observed ones; v becomes form·k.
func (c *coupling) posterior(m float64, k, v []float64) (mean, variance float64) {
	n := len(k)
	for i := range v {
		v[i] = dot(c.form[i*n:(i+1)*n], k)
	}
	return m + dot(k, c.weights), math.Max(dot(k, v), floor)
}
