package stat

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"

	"slm/internal/elementary"
)

// PowerOf is the chance that a two-sided t-test at level alpha with df degrees of freedom finds a difference of so many standard errors
// (Student's noncentral t; Lehmann and Romano 2005, §5.2).
func PowerOf(errors, df, alpha float64) float64 {
	critical := distuv.StudentsT{Sigma: 1, Nu: df}.Quantile(1 - float64(alpha/2))
	return 1 - noncentral(critical, df, errors) + noncentral(-critical, df, errors)
}

// noncentral is P(T ≤ t): T is (Z + shift)/√(χ²/df), so it is the mean of Φ(t·x − shift) over x = √(χ²/df), by Simpson's rule.
func noncentral(t, df, shift float64) float64 {
	const steps = 2000
	normal := distuv.UnitNormal
	chi := distuv.ChiSquared{K: df}
	// x from the density of √(χ²/df); beyond 40 standard deviations of χ² there is nothing.
	top := math.Sqrt(1 + float64(40*math.Sqrt(2/df)) + 80/df)
	sum := 0.0
	for i := range steps + 1 {
		x := top * float64(i) / steps
		weight := 2.0
		switch {
		case i == 0 || i == steps:
			weight = 1
		case i%2 == 1:
			weight = 4
		}
		if x == 0 {
			if df == 1 {
				sum += float64(2 * float64(weight*normal.CDF(-shift)) / math.Sqrt(2*math.Pi))
			}
			continue
		}
		sum += float64(2 * float64(weight*normal.CDF(float64(t*x)-shift)*elementary.Exp(chi.LogProb(float64(df*x*x)))) * df * x)
	}
	return sum * top / steps / 3
}

// Detectable is the smallest difference that a test at level alpha finds with this power.
func Detectable(se, df, alpha, power float64) float64 {
	low, high := 0.0, 1.0
	for PowerOf(high, df, alpha) < power && high < 1e4 {
		low, high = high, 2*high
	}
	for range 60 {
		if mid := (low + high) / 2; PowerOf(mid, df, alpha) < power {
			low = mid
		} else {
			high = mid
		}
	}
	return high * se
}

// Need is the size of the design that a wanted difference takes; 0 = no number is enough, or more than a million are.
type Need struct {
	Difference float64 `json:"difference"`
	Power      float64 `json:"power"`
	Alpha      float64 `json:"alpha"`
	Items      int     `json:"items"` // with as many seeds as there are
	Seeds      int     `json:"seeds"` // on each side, with as many items as there are; 0 too where seeds were not drawn
}

// Needed says how many items, or how many seeds instead, a difference takes. The components of the design at hand are taken for the truth, and clusters
// stay as large as they are. Only the number of seeds on both sides together is told, for sides of the same number.
func (c Crossed) Needed(difference, alpha, power float64) Need {
	need := Need{Difference: difference, Power: power, Alpha: alpha}
	seeds := 1.0
	if c.Drawn {
		seeds = float64(c.Seeds[0])
	}
	clusters := float64(c.Clusters)
	own := max(0, c.Parts.Seeds-c.Parts.Both) // what remains of seeds with any number of items
	each := max(0, c.Parts.Clusters-c.Parts.Both)
	enough := func(moreSeeds, moreItems float64) bool {
		between, column := own/moreSeeds+c.Parts.Both/(moreSeeds*moreItems), each/moreItems+c.Parts.Both/(moreSeeds*moreItems)
		both := c.Parts.Both / (moreSeeds * moreItems)
		variance := max(between+column-both, between, column)
		if !c.Drawn {
			between, both, column = 0, 0, c.Parts.Clusters/moreItems
			variance = column
		}
		if variance == 0 {
			return true
		}
		many, groups := float64(seeds*moreSeeds), float64(clusters*moreItems)
		freedom := float64(column * column / max(groups-1, 1))
		if c.Drawn {
			freedom += (float64(between*between) + float64(both*both/max(groups-1, 1))) / ((many - 1) * float64(len(c.Seeds)))
		}
		return PowerOf(difference/math.Sqrt(variance), max(1, variance*variance/freedom), alpha) >= power
	}
	const most = 1_000_000
	search := func(from int, at func(n int) bool) int {
		if !at(most) {
			return 0
		}
		low, high := from-1, most
		for high-low > 1 {
			if mid := (low + high) / 2; at(mid) {
				high = mid
			} else {
				low = mid
			}
		}
		return high
	}
	perCluster := float64(c.Items) / clusters
	groups := search(2, func(n int) bool { return enough(1, float64(n)/clusters) })
	need.Items = int(math.Ceil(float64(groups) * perCluster))
	if c.Drawn {
		need.Seeds = search(2, func(n int) bool { return enough(float64(n)/seeds, 1) })
	}
	return need
}
