package bayes

import (
	"math"

	"slm/internal/elementary"
)

// Prior is what is believed of the hyper-parameters before anything is seen: both are log-normal, and bounded from below.
type Prior struct {
	LengthMu, LengthSD, MinLength float64 // of each length scale, in units of the box [0,1]
	NoiseMu, NoiseSD, MinNoise    float64 // of the common noise variance, in standardised units
}

// DefaultPrior is that of Hvarfner, Hellsten & Nardi, "Vanilla Bayesian optimization performs great in high dimensions" (ICML 2024):
// length scales grow with the root of the dimension, so that distances between points stay comparable. Of the noise less is taken for
// granted: the standard deviation is 2 instead of 1 and the floor 1e-6 instead of 1e-4, else a function without noise would be smoothed,
// and its maximum be missed by what was smoothed away. It is for values of unknown variance.
func DefaultPrior(dim int) Prior {
	return Prior{
		LengthMu: math.Sqrt2 + float64(0.5*elementary.Log(float64(dim))), LengthSD: math.Sqrt(3), MinLength: 0.025,
		NoiseMu: -4, NoiseSD: 2, MinNoise: 1e-6,
	}
}

// known is p for values that come with their variance: what is learned on top is next to nothing. That a factorisation needs.
func (p Prior) known() Prior {
	p.NoiseMu, p.NoiseSD, p.MinNoise = -12, 1, 1e-7
	return p
}

// lognormal returns the negative log density of x = exp(u) and its derivative by u.
func lognormal(u, mu, sd float64) (value, slope float64) {
	r := (u - mu) / sd
	return u + float64(0.5*r*r) + elementary.Log(sd) + c1, 1 + r/sd
}

// box bounds u = (ln l_1 … ln l_d, ln noise, and of a mixture logit λ): from below by the prior's smallest values, from above where nothing changes any more.
func (p Prior) box(nominal []bool, dim int) (low, high []float64) {
	n := parameters(nominal, dim)
	low, high = make([]float64, n), make([]float64, n)
	for j := range dim {
		mu, sd := p.of(j, nominal, dim)
		low[j], high[j] = elementary.Log(p.MinLength), mu+float64(3*sd)
	}
	low[dim], high[dim] = elementary.Log(p.MinNoise), math.Max(2, p.NoiseMu+float64(3*p.NoiseSD))
	if n > dim+1 {
		low[dim+1], high[dim+1] = bothLow, bothTop
	}
	return low, high
}

// parameters is how many u has: a mixture's λ is one more.
func parameters(nominal []bool, dim int) int {
	if nominal == nil {
		return dim + 1
	}
	return dim + 2
}

// of is the prior of one of them, as median and standard deviation of u_j.
func (p Prior) of(j int, nominal []bool, dim int) (mu, sd float64) {
	switch {
	case j == dim:
		return p.NoiseMu, p.NoiseSD
	case j > dim:
		return bothMu, bothSD
	case nominal != nil && nominal[j]:
		return nominalMu, p.LengthSD
	}
	return p.LengthMu, p.LengthSD
}
