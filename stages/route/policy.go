package route

import (
	"cmp"
	"math"
	"slices"

	"slm/internal/elementary"
)

// policies are the ways to choose that differ, by rising worth: with the first nothing counts but the probability, with the last nothing but the cost.
func (r *Router) policies(cases []Case, held [][]float64) (out []Policy) {
	worths := []float64{0}
	for _, p := range held {
		for a := range p {
			for b := range a {
				if less := r.cost(r.Routes[a]) - r.cost(r.Routes[b]); less > 0 && p[a] > p[b] {
					worths = append(worths, (p[a]-p[b])/less)
				}
			}
		}
	}
	slices.Sort(worths)
	worths = slices.Compact(worths)
	for i, w := range worths {
		next := w + 1 // above the last border
		if i+1 < len(worths) {
			next = (w + worths[i+1]) / 2 // no case lies on a border by its last bit
		}
		p := r.come(cases, held, next)
		if n := len(out); n > 0 && out[n-1].Quality == p.Quality && out[n-1].Calls == p.Calls && out[n-1].USD == p.USD {
			continue
		}
		out = append(out, p)
	}
	return out
}

// come is what a worth comes to on cases.
func (r *Router) come(cases []Case, held [][]float64, worth float64) Policy {
	p := Policy{Worth: worth}
	best := r.Best()
	for i, c := range cases {
		k := r.Choose(held[i], worth)
		p.Calls, p.USD = p.Calls+c.Calls[k], p.USD+c.USD[k]
		p.Quality, p.Won, p.Lost = p.Quality+one(c.Right[k]), p.Won+one(c.Right[k] && !c.Right[best]), p.Lost+one(c.Right[best] && !c.Right[k])
	}
	n := float64(len(cases))
	p.Quality, p.Calls, p.USD, p.Won, p.Lost = p.Quality/n, p.Calls/n, p.USD/n, p.Won/n, p.Lost/n
	return p
}

// Best is the system that was right most often in development; of equals the cheapest.
func (r *Router) Best() int {
	best := 0
	for k, route := range r.Routes {
		if route.Right > r.Routes[best].Right {
			best = k
		}
	}
	return best
}

// Policy is the way to choose for a target. For a cost it is the most careful of those that keep it, or where none does the cheapest. For a quality it is the
// cheapest that reaches it on other questions with the probability sure, as far as the development questions say; where none does, the best single system
// answers all.
//
// Of many policies the one that is best on some questions is also the luckiest on these, and falls short on others. So what a cost buys is left to the scorer,
// by which the most careful policy is right most often; only between that and the best single system the development questions decide. For a quality the
// policies are tested in a fixed order, from the most careful on, each at the same level, and the first that may fall short ends it: the probability of
// choosing one that falls short is then at most 1 − sure (Angelopoulos et al., Learn then Test, arXiv:2110.01052, section 2.3).
func (r *Router) Policy(t Target, sure float64) Policy {
	unit := t.Unit
	if unit == "" {
		unit = r.Unit
	}
	cost := func(p Policy) float64 {
		if unit == USD {
			return p.USD
		}
		return p.Calls
	}
	if t.Quality > 0 {
		return r.assured(t.Quality, sure, cost)
	}
	return r.affordable(t.Most, cost)
}

// affordable is the most careful policy that costs no more than most, or the best single system, if it costs no more and was right more often. Where there is
// neither it is the cheapest policy.
func (r *Router) affordable(most float64, cost func(Policy) float64) Policy {
	const digits = 1e-12 // means of costs differ in the last ones
	i := slices.IndexFunc(r.Policies, func(p Policy) bool { return cost(p) <= most+digits })
	switch best := r.always(); {
	case i < 0 && cost(best) <= most+digits:
		return best
	case i < 0:
		return slices.MinFunc(r.Policies, func(a, b Policy) int { return cmp.Compare(cost(a), cost(b)) })
	case best.Quality > r.Policies[i].Quality && cost(best) <= most+digits:
		return best
	}
	return r.Policies[i]
}

// always is the policy by which the best single system answers all.
func (r *Router) always() Policy {
	b := r.Routes[r.Best()]
	return Policy{Worth: Always, Quality: b.Right, Calls: b.Calls, USD: b.USD}
}

// assured is the cheapest of the policies, in their order, before the first that may fall short of a share of the best system's quality.
func (r *Router) assured(share, sure float64, cost func(Policy) float64) Policy {
	best := r.always()
	z := math.Sqrt2 * elementary.Erfinv(2*sure-1)
	for _, p := range r.Policies {
		if r.surplus(p, share, z) < 0 {
			break
		}
		if cost(p) < cost(best) {
			best = p
		}
	}
	return best
}

// surplus is a lower bound of a policy's quality less a share of the best system's, z standard errors below the estimate. The two are paired: only questions
// that one of them has right and the other wrong make it uncertain. One more of either kind is counted than was seen, so that a few questions without any do
// not pass for certainty (Bonett & Price 2012, Adjusted Wald intervals for a difference of binomial proportions based on paired data, eq. 4).
func (r *Router) surplus(p Policy, share, z float64) float64 {
	n := float64(r.Questions)
	both, won, lost := float64((p.Quality-p.Won)*n), float64(p.Won*n)+1, float64(p.Lost*n)+1
	n += 2
	mean := (float64(both*(1-share)) + won - float64(lost*share)) / n
	square := (float64(both*(1-share)*(1-share)) + won + float64(lost*share*share)) / n
	return mean - float64(z*math.Sqrt(math.Max(0, square-float64(mean*mean))/n))
}

// floor is the highest probability below which hardly any of the questions lie that some system answers right.
func floor(cases []Case, held [][]float64) float64 {
	var best []float64
	for i, c := range cases {
		if slices.Contains(c.Right, true) {
			best = append(best, slices.Max(held[i]))
		}
	}
	if len(best) == 0 {
		return 0
	}
	slices.Sort(best)
	return math.Min(mostFloor, best[int(mostLost*float64(len(best)))])
}
