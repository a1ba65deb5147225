package stat

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"

	"slm/internal/elementary"
)

// reach is half the length of an interval of a mean over seeds and clusters. With S, C and B the components of the squared standard error (Parts), t_ν Student's
// quantile, and K = max(C − B, 0) what clusters have beyond chance,
//
//	seeds    = t²_s·S + t²_s·(s − 1)/(s + t²_s)·K·(t_c/z)²
//	clusters = t²_c·K
//	half     = (seeds⁴ + clusters⁴)^(1/8)
//
// The first is exact where seeds alone vary, and to the first order in K where clusters add a little: the factor of K is what keeps
// P(Z²·(S + K) ≤ t²·Ŝ + factor·K) in place as K grows from 0, Ŝ being S·χ²/s. The second is exact where seeds do not vary; their sum in the fourth power is a
// maximum without a corner. t_c/z makes room for few clusters. A rule that adds the components into one standard error and looks for degrees of freedom
// (Satterthwaite) cannot hold its level: two degrees of freedom tell a small component from a large one too rarely (docs/statistics.md).
type reach struct {
	seeds, clusters, both float64
	seedsDF, clustersDF   float64
}

func (p Parts) reach(clusters int) reach {
	return reach{p.Seeds, p.Clusters, p.Both, p.seedsDF, float64(max(1, clusters-1))}
}

// at is half the length at a level.
func (r reach) at(level float64) float64 {
	return r.half(1 - level)
}

// half is half the length of the interval that misses with probability p.
func (r reach) half(p float64) float64 {
	tail := p / 2 // the lower one, where small numbers are exact
	tc := distuv.StudentsT{Sigma: 1, Nu: r.clustersDF}.Quantile(tail)
	beyond := max(0, r.clusters-r.both)
	clusters := tc * tc * beyond
	if r.seedsDF == 0 {
		return math.Sqrt(clusters)
	}
	ts := distuv.StudentsT{Sigma: 1, Nu: r.seedsDF}.Quantile(tail)
	z := distuv.UnitNormal.Quantile(tail)
	seeds := ts * ts * (r.seeds + float64((r.seedsDF-1)/(r.seedsDF+float64(ts*ts))*beyond*(tc/z)*(tc/z)))
	top := max(seeds, clusters)
	if top == 0 {
		return 0
	}
	return math.Sqrt(top * elementary.Pow(elementary.Pow(seeds/top, 4)+elementary.Pow(clusters/top, 4), .25))
}

// p is the probability at which the interval reaches exactly so far: the two-sided p of a value at that distance from none.
func (r reach) p(distance float64) float64 {
	if distance == 0 {
		return 1
	}
	if r.seedsDF == 0 {
		return 2 * distuv.StudentsT{Sigma: 1, Nu: r.clustersDF}.CDF(-distance/math.Sqrt(r.clusters-r.both))
	}
	// By the rule of false position (Illinois), on logarithms, where the curve is nearly straight.
	off := func(logp float64) float64 { return elementary.Log(r.half(elementary.Exp(logp)) / distance) }
	low, high := -60.0, elementary.Log(1-1e-12)
	above, below := off(low), off(high)
	switch {
	case below >= 0:
		return 1
	case above <= 0:
		return elementary.Exp(low)
	}
	at := high
	for side := 0; high-low > 1e-13*-low; {
		at = (float64(low*below) - float64(high*above)) / (below - above)
		switch v := off(at); {
		case math.Abs(v) < 1e-14:
			return elementary.Exp(at)
		case v > 0:
			if low, above = at, v; side > 0 {
				below /= 2
			}
			side = 1
		default:
			if high, below = at, v; side < 0 {
				above /= 2
			}
			side = -1
		}
	}
	return elementary.Exp(at)
}
