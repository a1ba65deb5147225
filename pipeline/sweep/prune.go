package sweep

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// Pruner decides on a rung whether a trial goes on. It is successive halving (Jamieson and Talwalkar 2016; its decisions one by one, as in ASHA, Li et al. 2020) that may not
// stop whom it cannot rule out: a trial ends there if it is not among the best 1/Eta that have been on the rung, and its chance to end better than the best trial so
// far is below Risk.
//
// The chance is that of a forecast. Trials that have ended show how far a figure moves from the rung to the end, and a trial on the rung is expected to move as
// they did: with d = end − rung of n such trials, Student's t with n − 1 degrees of freedom about the mean of d, with the variance of d times 1 + 1/n. Where the
// rung's figure is not what is searched for (Other), the forecast is that of the straight line through the pairs, with n − 2. Trials are exchangeable only as far as
// keys do not change how much the end of a training gives; where they do, d spreads, and fewer trials are stopped.
type Pruner struct {
	Eta   float64 // a trial among the best 1/Eta goes on
	Risk  float64 // chance of being the best with which a trial may be stopped; 0 = none is
	Other bool    // the figure on the rung is another than the one that is searched for
}

// usualPruner is what is used unless told otherwise.
var usualPruner = Pruner{Eta: 3, Risk: .05}

// leastEnded is how many trials must have ended before one is stopped.
const leastEnded = 4

// pair is the figure of a trial on a rung and its cost at the end; less is better of both.
type pair struct{ rung, end float64 }

// forecast is what a trial with that figure on the rung is expected to end with: Student's t about mean. false where too little is known.
func (p Pruner) forecast(ended []pair, rung float64) (mean, sd, df float64, ok bool) {
	n := float64(len(ended))
	if len(ended) < leastEnded {
		return 0, 0, 0, false
	}
	var mx, my, sxx, sxy, rest float64
	for _, e := range ended {
		mx, my = mx+e.rung/n, my+e.end/n
	}
	for _, e := range ended {
		sxx, sxy = sxx+float64((e.rung-mx)*(e.rung-mx)), sxy+float64((e.rung-mx)*(e.end-my))
	}
	slope, spread := 1.0, 1/n
	df = n - 1
	if p.Other {
		if sxx == 0 {
			return 0, 0, 0, false
		}
		slope, spread, df = sxy/sxx, 1/n+float64((rung-mx)*(rung-mx)/sxx), n-2
	}
	for _, e := range ended {
		r := e.end - my - float64(slope*(e.rung-mx))
		rest += float64(r * r)
	}
	return my + float64(slope*(rung-mx)), math.Sqrt(rest / df * (1 + spread)), df, true
}

// chance is how probable it is that a trial ends below the best.
func (p Pruner) chance(ended []pair, rung, best float64) (float64, bool) {
	mean, sd, df, ok := p.forecast(ended, rung)
	switch {
	case !ok:
		return 1, false
	case sd == 0:
		return map[bool]float64{true: 1, false: 0}[mean < best], true
	}
	return distuv.StudentsT{Mu: 0, Sigma: 1, Nu: df}.CDF((best - mean) / sd), true
}

// stops decides. all are the figures of all that have been on the rung, this one included; ended are the trials of earlier rounds that have ended.
func (p Pruner) stops(rung float64, all []float64, ended []pair) (chance float64, stop bool) {
	best, better := math.Inf(1), 0
	for _, e := range ended {
		best = math.Min(best, e.end)
	}
	for _, v := range all {
		if v < rung {
			better++
		}
	}
	chance, known := p.chance(ended, rung, best)
	return chance, known && float64(better) >= float64(len(all))/p.Eta && chance < p.Risk
}
