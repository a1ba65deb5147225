package schedule

import (
	"math"
	"slices"

	"slm/model/kernel"
	"slm/rng"
)

// coldest is the temperature below which draws are the most likely token, as float32 has it.
const coldest = 1e-5

// choose returns the token that comes after logits [V], the i-th of an answer. room is working memory.
func (r *Request) choose(logits []float32, i int, room *[]float32) int32 {
	if r.Temperature < coldest {
		return int32(kernel.ArgMax(logits))
	}
	p := kernel.Grow(room, len(logits))
	copy(p, logits)
	kernel.SoftmaxRow(p, float32(1/r.Temperature))
	u := rng.New(r.Seed, "sample").At(uint64(i)).Float64()
	if r.TopP > 0 && r.TopP < 1 {
		return nucleus(p, r.TopP, u)
	}
	rest := u * sum(p)
	for t, v := range p {
		if rest -= float64(v); rest < 0 {
			return int32(t)
		}
	}
	return int32(kernel.ArgMax(logits)) // rounding used up the total, or the logits are no numbers
}

func sum(p []float32) (total float64) {
	for _, v := range p {
		total += float64(v)
	}
	return total
}

// nucleus draws from the most likely tokens that have a share of the probability together, the fewest that do (Holtzman et al. 2020). Those with
// more than a bound are sorted; the bound falls until they suffice.
func nucleus(p []float32, share, u float64) int32 {
	best := kernel.ArgMax(p)
	total := sum(p)
	for bound := p[best] / 64; ; bound /= 64 {
		var ids []int32
		for t, v := range p {
			if v >= bound {
				ids = append(ids, int32(t))
			}
		}
		slices.SortFunc(ids, func(a, b int32) int { return likelier(p, a, b) })
		held := 0.0
		for n, t := range ids {
			if held += float64(p[t]); held >= share*total || bound == 0 && n == len(ids)-1 {
				return draw(p, ids[:n+1], u*held)
			}
		}
		if len(ids) == 0 {
			return int32(best) // no numbers
		}
	}
}

func draw(p []float32, ids []int32, rest float64) int32 {
	for _, t := range ids {
		if rest -= float64(p[t]); rest < 0 {
			return t
		}
	}
	return ids[0]
}

// likelier orders tokens by x, the largest first, of equals the first.
func likelier(x []float32, a, b int32) int {
	switch {
	case x[a] > x[b]:
		return -1
	case x[a] < x[b]:
		return 1
	}
	return int(a) - int(b)
}

// token is what is to say about a token in the place that logits are about.
func (r *Request) token(id int32, logits []float32, prompt bool) Token {
	t := Token{ID: id, Prompt: prompt, LogProb: math.NaN()}
	if !r.logProbs() {
		return t
	}
	lse := float64(kernel.LogSumExp(logits))
	t.LogProb = float64(logits[id]) - lse
	for _, id := range largest(logits, r.Top) {
		t.Top = append(t.Top, Candidate{id, float64(logits[id]) - lse})
	}
	return t
}

// largest returns the indices of the n largest values, the largest first, of equals the first.
func largest(x []float32, n int) []int32 {
	if n = min(n, len(x)); n == 0 {
		return nil
	}
	top := make([]int32, 0, n+1)
	for i := range x {
		if len(top) == n && !(x[i] > x[top[n-1]]) {
			continue
		}
		at, _ := slices.BinarySearchFunc(top, int32(i), func(a, b int32) int { return likelier(x, a, b) })
		top = slices.Insert(top, at, int32(i))
		top = top[:min(len(top), n)]
	}
	return top
}
