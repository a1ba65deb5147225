package route

import (
	"math"
	"slices"

	"slm/result"
	"slm/stat"
)

// bins of the reliability diagram, and points of the curve that are told at most.
const (
	bins   = 10
	points = 40
)

// Arrange puts what a case has by system into the router's order; names is the order that it has.
func (r *Router) Arrange(names []string, c Case) Case {
	var order []int
	for _, route := range r.Routes {
		order = append(order, slices.Index(names, route.System))
	}
	return Case{Seen: c.Seen, Free: c.Free, Fold: c.Fold, Right: pick(c.Right, order), Calls: pick(c.Calls, order), USD: pick(c.USD, order)}
}

// Tell says what a policy comes to on cases, whose probabilities are p. alone is the LLM without knowledge.
func (r *Router) Tell(cases []Case, p [][]float64, worth float64, alone string, opt stat.Options) (*result.Routed, error) {
	t := teller{r: r, cases: cases, p: p, opt: opt}
	out := &result.Routed{Questions: len(cases)}
	taken := make([]int, len(cases))
	for i := range cases {
		taken[i] = r.Choose(p[i], worth)
	}
	best, weak := r.Best(), r.Weak()
	right := func(i int) float64 { return one(cases[i].Right[taken[i]]) }
	always := func(k int) func(int) float64 { return func(i int) float64 { return one(cases[i].Right[k]) } }
	lost := func(k int) func(int) float64 {
		return func(i int) float64 { return one(cases[i].Right[k] && !cases[i].Right[taken[i]]) }
	}
	calls := func(i int) float64 { return cases[i].Calls[taken[i]] }
	out.Quality, out.Calls, out.Lost = t.mean(right), t.mean(calls), t.mean(lost(best))
	out.Against = t.mean(func(i int) float64 { return right(i) - one(cases[i].Right[best]) })
	if r.Unit == USD {
		usd := t.mean(func(i int) float64 { return cases[i].USD[taken[i]] })
		out.USD = &usd
	}
	if k := r.index(alone); k >= 0 {
		out.Harm = t.share(lost(k), always(k))
	}
	out.Oracle = t.mean(func(i int) float64 { return one(slices.Contains(cases[i].Right, true)) })
	out.OracleUse = t.mean(func(i int) float64 { return cases[i].Calls[max(0, slices.Index(cases[i].Right, true))] }).Value
	bestCalls := t.mean(func(i int) float64 { return cases[i].Calls[best] }).Value
	if out.Random = t.mean(always(weak)).Value; bestCalls > 0 {
		share := result.Range{Value: out.Calls.Value / bestCalls, Low: out.Calls.Low / bestCalls, High: out.Calls.High / bestCalls}
		out.Share, out.Random = &share, out.Random+float64(math.Min(1, share.Value)*(t.mean(always(best)).Value-out.Random))
	}
	t.recovery(out, weak, best)
	for k, route := range r.Routes {
		c := result.Choice{System: route.System, Quality: t.mean(always(k))}
		var score []float64
		var came []bool
		for i := range cases {
			score, came = append(score, p[i][k]), append(came, cases[i].Right[k])
			c.Calls, c.USD, c.Taken = c.Calls+cases[i].Calls[k]/float64(len(cases)), c.USD+cases[i].USD[k]/float64(len(cases)), c.Taken+int(one(taken[i] == k))
		}
		told, err := stat.Reliable(score, came, bins)
		if err != nil {
			return nil, err
		}
		c.ECE = told.ECE
		if a := stat.AUROC(score, came); !math.IsNaN(a) {
			c.AUROC = &a
		}
		out.Systems = append(out.Systems, c)
	}
	for _, policy := range some(r.Policies, points) {
		at := result.Traded{Worth: policy.Worth}
		at.Quality = t.mean(func(i int) float64 { return one(cases[i].Right[r.Choose(p[i], policy.Worth)]) })
		for i, c := range cases {
			k := r.Choose(p[i], policy.Worth)
			at.Calls, at.USD = at.Calls+c.Calls[k]/float64(len(cases)), at.USD+c.USD[k]/float64(len(cases))
		}
		out.Curve = append(out.Curve, at)
	}
	if err := t.reliability(out); err != nil {
		return nil, err
	}
	return out, t.err
}

// teller computes means over cases.
type teller struct {
	r     *Router
	cases []Case
	p     [][]float64
	opt   stat.Options
	err   error
}

// mean is that of a value of each case.
func (t *teller) mean(of func(i int) float64) result.Range {
	x := make([]float64, len(t.cases))
	for i := range x {
		x[i] = of(i)
	}
	m, err := stat.Mean(x, t.opt)
	if err != nil {
		t.err = err
	}
	return result.Range{Value: m.Value, Low: m.Low, High: m.High}
}

// share is the sum of a value over that of another; nil = there is none, or too few draws have one.
func (t *teller) share(of, all func(i int) float64) *result.Range {
	s, err := stat.Resample(len(t.cases), t.opt, func(times []float64) float64 {
		part, whole := 0.0, 0.0
		for i, m := range times {
			part, whole = part+float64(m*of(i)), whole+float64(m*all(i))
		}
		return part / whole
	})
	switch {
	case err != nil:
		t.err = err
		return nil
	case math.IsNaN(s.Value), math.IsNaN(s.Low):
		return nil
	}
	return &result.Range{Value: s.Value, Low: s.Low, High: s.High}
}

// recovery sends questions from the weak system to the others that call the LLM, by how much more probable the best of these is to be right.
func (t *teller) recovery(out *result.Routed, weak, best int) {
	if t.r.Routes[weak].Calls >= t.r.Routes[best].Calls {
		return
	}
	var score, kept, sent, strong []float64
	for i, c := range t.cases {
		to := Unknown
		for k, route := range t.r.Routes {
			if route.Calls > t.r.Routes[weak].Calls && (to < 0 || t.p[i][k] > t.p[i][to]) {
				to = k
			}
		}
		score, kept = append(score, t.p[i][to]-t.p[i][weak]), append(kept, one(c.Right[weak]))
		sent, strong = append(sent, one(c.Right[to])), append(strong, one(c.Right[best]))
	}
	var whole stat.Recovery
	first := true
	apgr, err := stat.Resample(len(score), t.opt, func(times []float64) float64 {
		var s, k, n []float64
		top := 0.0
		for i, m := range times {
			for range int(m) {
				s, k, n, top = append(s, score[i]), append(k, kept[i]), append(n, sent[i]), top+strong[i]
			}
		}
		r, err := stat.Recover(s, k, n, top/float64(len(s)))
		if err != nil {
			t.err = err
		}
		if first {
			whole, first = r, false
		}
		return r.APGR
	})
	switch {
	case err != nil:
		t.err = err
		return
	case math.IsNaN(apgr.Value), math.IsNaN(apgr.Low): // there is no gap, or there is none in too many draws
		return
	}
	out.APGR = &result.Range{Value: apgr.Value, Low: apgr.Low, High: apgr.High}
	for _, c := range []struct {
		to **float64
		v  float64
	}{{&out.CPT50, whole.CPT50}, {&out.CPT80, whole.CPT80}} {
		if !math.IsNaN(c.v) {
			*c.to = &c.v
		}
	}
}

// reliability compares all probabilities with what came true.
func (t *teller) reliability(out *result.Routed) error {
	var p []float64
	var came []bool
	for i, c := range t.cases {
		p, came = append(p, t.p[i]...), append(came, c.Right...)
	}
	told, err := stat.Reliable(p, came, bins)
	if err != nil {
		return err
	}
	out.ECE, out.Brier = told.ECE, told.Brier
	for _, b := range told.Bins {
		out.Bins = append(out.Bins, result.Bin(b))
	}
	return nil
}

// Weak is the system that calls the LLM least; of equals the one that was right more often.
func (r *Router) Weak() int {
	weak := 0
	for k, route := range r.Routes {
		if w := r.Routes[weak]; route.Calls < w.Calls || route.Calls == w.Calls && route.Right > w.Right {
			weak = k
		}
	}
	return weak
}

// index is where a system stands; Unknown = nowhere.
func (r *Router) index(system string) int {
	return slices.IndexFunc(r.Routes, func(o Route) bool { return o.System == system })
}

// some are at most n of a list, first and last among them.
func some[T any](list []T, n int) []T {
	if len(list) <= n {
		return list
	}
	out := make([]T, n)
	for i := range out {
		out[i] = list[i*(len(list)-1)/(n-1)]
	}
	return out
}

func one(is bool) float64 {
	if is {
		return 1
	}
	return 0
}
