package route

import (
	"math"
	"slices"
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
	for i, c := range cases {
		k := r.Choose(held[i], worth)
		if p.Calls, p.USD = p.Calls+c.Calls[k], p.USD+c.USD[k]; c.Right[k] {
			p.Quality++
		}
	}
	n := float64(len(cases))
	p.Quality, p.Calls, p.USD = p.Quality/n, p.Calls/n, p.USD/n
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

// Policy is the way to choose for a target: of those that reach it the cheapest, or the best. Where none does, it is the best of all, or the cheapest.
func (r *Router) Policy(t Target) Policy {
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
	want, most := 0.0, math.Inf(1)
	if t.Quality > 0 {
		want = t.Quality * r.Routes[r.Best()].Right
	} else {
		most = t.Most
	}
	better := func(a, b Policy) bool { // whether a is to be preferred to b
		in, was := a.Quality >= want-1e-12 && cost(a) <= most+1e-12, b.Quality >= want-1e-12 && cost(b) <= most+1e-12
		byCost := t.Quality > 0 == in // a quality is bought as cheaply as can be; where a cost cannot be kept, too
		switch {
		case in != was:
			return in
		case byCost && cost(a) != cost(b):
			return cost(a) < cost(b)
		case a.Quality != b.Quality:
			return a.Quality > b.Quality
		}
		return cost(a) < cost(b)
	}
	best := r.Policies[0]
	for _, p := range r.Policies[1:] {
		if better(p, best) {
			best = p
		}
	}
	return best
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
