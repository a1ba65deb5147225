package bayes

import (
	"errors"
	"math"

	"slm/internal/elementary"
	"slm/rng"
)

var errEmpty = errors.New("bayes: a model needs at least one observation")

// Model says which process is fitted.
type Model struct {
	Kernel Kernel
	Prior  func(dim int) Prior // nil means DefaultPrior, with next to no noise to be learned where variances are known
	// Similarity, unless nil, couples the kernel as InstructZero does: [n][n], symmetric, of what the observed points led to.
	Similarity [][]float64
	// Space, unless nil, says which coordinates have levels; observations lie on them. Either is Matern52 where some have no order.
	Space Space
}

const (
	fewPoints     = 64 // up to which a climb from a random start is worth its time
	fitIterations = 60
	fitTolerance  = 1e-4 // nats, relative where the density is above 1
)

// Fit is Model.Fit with the zero Model.
func Fit(obs []Observation, dim int, stream *rng.Stream) (*GP, error) {
	return Model{}.Fit(obs, dim, stream)
}

// Fit finds the hyper-parameters of highest posterior density by L-BFGS from several starts, and returns the process conditioned on
// obs. At least one observation is needed. O(n³) for each of some fifty evaluations of the density.
func (m Model) Fit(obs []Observation, dim int, stream *rng.Stream) (*GP, error) {
	if err := check(obs, dim); err != nil {
		return nil, err
	}
	if err := m.Space.check(obs, dim); err != nil {
		return nil, err
	}
	if len(obs) == 0 {
		return nil, errEmpty
	}
	t := m.Space.standardise(obs, dim)
	mixed := m.Space.nominal() != nil
	prior := DefaultPrior(dim)
	if t.known() {
		prior = prior.known()
	}
	if m.Prior != nil {
		prior = m.Prior(dim)
	}
	kernel := m.Kernel
	switch {
	case kernel == Either && mixed:
		kernel = Matern52
	case kernel == Either:
		kernel = RBF
	}
	starts := prior.starts(m.Space.nominal(), dim, stream)
	if t.n > fewPoints {
		starts = starts[:2]
	}
	best, bestU := newLikelihood(t, kernel, prior).maximise(starts)
	if m.Kernel == Either && !mixed && bestU != nil && !t.known() {
		// The other kernel likes length scales near those of the first.
		if value, u := newLikelihood(t, Matern52, prior).maximise([][]float64{bestU}); value > best {
			best, bestU, kernel = value, u, Matern52
		}
	}
	if bestU == nil {
		return nil, ErrSingular
	}
	lengths := make([]float64, dim)
	for j := range lengths {
		lengths[j] = elementary.Exp(bestU[j])
	}
	both := 0.0
	if mixed {
		both = logistic(bestU[dim+1])
	}
	g, err := conditionMixed(t, kernel, lengths, elementary.Exp(bestU[dim]), both)
	if err != nil {
		return nil, err
	}
	g.Density = best
	if m.Similarity != nil {
		return g.couple(m.Similarity)
	}
	return g, nil
}

// maximise climbs the density from several starts and returns the highest point found, nil when there is none.
func (f *likelihood) maximise(starts [][]float64) (value float64, best []float64) {
	value = math.Inf(-1)
	low, high := f.prior.box(f.nominal, f.data.d)
	u, du := make([]float64, len(low)), make([]float64, len(low))
	inside := func(x []float64) []float64 { // of the unit box to u
		for j, v := range x {
			u[j] = low[j] + float64(v*(high[j]-low[j]))
		}
		return u
	}
	density := func(x, grad []float64) float64 {
		v := f.density(inside(x), du)
		for j := range grad {
			grad[j] = du[j] * (high[j] - low[j])
		}
		return v
	}
	for _, from := range starts {
		x := make([]float64, len(from))
		for j := range x {
			x[j] = math.Min(1, math.Max(0, (from[j]-low[j])/(high[j]-low[j])))
		}
		if v := climb(density, x, fitIterations, fitTolerance); v > value {
			value, best = v, append([]float64(nil), inside(x)...)
		}
	}
	return value, best
}

// starts are the mode of the prior, its median with little noise, and a draw.
func (p Prior) starts(nominal []bool, dim int, stream *rng.Stream) [][]float64 {
	draws := stream.At(0)
	n := parameters(nominal, dim)
	mode, median, draw := make([]float64, n), make([]float64, n), make([]float64, n)
	for j := range mode {
		mu, sd := p.of(j, nominal, dim)
		mode[j], median[j] = mu-float64(sd*sd), mu
		draw[j] = mu - float64(sd*sd/2) + float64(sd*math.Max(-1.5, math.Min(1.5, draws.Norm())))
	}
	median[dim] -= 2 * p.NoiseSD
	return [][]float64{mode, median, draw}
}
