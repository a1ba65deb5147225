package bayes

import (
	"fmt"
	"math"

	"slm/internal/elementary"
	"slm/rng"
)

// Acquisition is how much it is worth to evaluate the function at a point. It belongs to a fitted process and is read-only; what it needs of
// scratch space comes with the call.
type Acquisition interface {
	// at returns the worth at x in [0,1]^d and, when grad is not nil, writes its gradient there.
	at(x, grad []float64, w *work) float64
}

// Rule names an acquisition.
type Rule string

const (
	LogEIRule    Rule = "log_ei"       // logarithm of expected improvement over the best posterior mean
	NoisyRule    Rule = "noisy_log_ei" // the same over what the best might be, averaged over draws of the process
	UCBRule      Rule = "ucb"          // upper confidence bound, mean + 2 standard deviations
	ThompsonRule Rule = "thompson"     // a draw of the process
)

// Acquire makes the acquisition of a rule for g; "" means noisy_log_ei where values came with variances, log_ei where not or where the kernel
// is coupled. The stream is for those that draw, and its position does not matter.
func (g *GP) Acquire(rule Rule, stream *rng.Stream) (Acquisition, error) {
	if rule == "" && g.coupled == nil && g.data.known() {
		rule = NoisyRule
	}
	if g.coupled != nil && (rule == NoisyRule || rule == ThompsonRule) {
		return nil, errCoupled
	}
	if g.mixture != nil && rule == ThompsonRule {
		return nil, errMixed
	}
	switch rule {
	case "", LogEIRule:
		return improvement{g, g.best}, nil
	case NoisyRule:
		return newNoisy(g, stream)
	case UCBRule:
		return confidence{g, 2}, nil
	case ThompsonRule:
		return newDraw(g, stream), nil
	}
	return nil, fmt.Errorf("bayes: no acquisition is called %q", rule)
}

// improvement is LogEI over a given incumbent.
type improvement struct {
	g    *GP
	best float64
}

func (a improvement) at(x, grad []float64, w *work) float64 {
	mean, variance := a.g.posterior(x, w)
	sigma := math.Sqrt(variance)
	u := (mean - a.best) / sigma
	h, dh := logH(u)
	if grad != nil {
		a.g.slope(x, w)
		for j := range grad {
			dsigma := w.dsigma(j, variance)
			grad[j] = dsigma/sigma + dh*(w.dm[j]-float64(u*dsigma))/sigma
		}
	}
	return elementary.Log(sigma) + h
}

// confidence is the upper confidence bound (Srinivas et al. 2010) with a constant factor.
type confidence struct {
	g      *GP
	factor float64
}

func (a confidence) at(x, grad []float64, w *work) float64 {
	mean, variance := a.g.posterior(x, w)
	if grad != nil {
		a.g.slope(x, w)
		for j := range grad {
			grad[j] = w.dm[j] + float64(a.factor*w.dsigma(j, variance))
		}
	}
	return mean + float64(a.factor*math.Sqrt(variance))
}

// dsigma is the derivative of the standard deviation, from that of the variance; 0 where the variance has been cut off.
func (w *work) dsigma(j int, variance float64) float64 {
	if variance <= floor {
		return 0
	}
	return w.dvar[j] / (2 * math.Sqrt(variance))
}
