package proxy

import (
	"cmp"
	"math"
	"slices"

	"slm/internal/elementary"
)

// Combine writes s + α·(plus − minus) of each token to out, all [V]. Whether s, plus and minus are logits or log-probabilities changes a constant, and
// so no probability.
func Combine(out []float64, s, plus, minus []float32, alpha float64) {
	for i := range out {
		out[i] = float64(s[i]) + float64(alpha*(float64(plus[i])-float64(minus[i])))
	}
}

// Shown is what a server tells of a next token: its likeliest, with their log-probabilities.
type Shown struct {
	Tokens   []int32
	LogProbs []float64
}

// Show is what a server of these logits [V] would tell, the likeliest first and of equals the first.
func Show(logits []float32, k int) Shown {
	order := make([]int32, len(logits))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortFunc(order, func(a, b int32) int {
		return cmp.Or(cmp.Compare(logits[b], logits[a]), cmp.Compare(a, b))
	})
	s := Shown{Tokens: order[:min(k, len(order))]}
	lse := logSumExp(logits)
	for _, t := range s.Tokens {
		s.LogProbs = append(s.LogProbs, float64(logits[t])-lse)
	}
	return s
}

// leastRest is the probability that tokens which are not shown have at least, together: the shown ones are rounded, so that their sum may be 1 and more.
const leastRest = 1e-7

// Rest is the probability of all tokens that are not shown; 0 where there are none of a vocabulary.
func (s Shown) Rest(vocab int) float64 {
	if len(s.Tokens) >= vocab {
		return 0
	}
	rest := 1.0
	for _, l := range s.LogProbs {
		rest -= elementary.Exp(l)
	}
	return max(rest, leastRest)
}

// Combine is Combine on what is shown: every token that is not gets an equal share of the rest.
func (s Shown) Combine(out []float64, plus, minus []float32, alpha float64) {
	hidden := len(out) - len(s.Tokens)
	floor := 0.0
	if hidden > 0 {
		floor = elementary.Log(s.Rest(len(out)) / float64(hidden))
	}
	for i := range out {
		out[i] = floor + float64(alpha*(float64(plus[i])-float64(minus[i])))
	}
	for k, t := range s.Tokens {
		out[t] += s.LogProbs[k] - floor
	}
}

// Best is the token to generate, the first of equals: of those that are shown, unless the rest has more than tau.
func (s Shown) Best(combined []float64, tau float64) int32 {
	if len(s.Tokens) == 0 || s.Rest(len(combined)) > tau {
		return argMax(combined)
	}
	best := s.Tokens[0]
	for _, t := range s.Tokens[1:] {
		if combined[t] > combined[best] || combined[t] == combined[best] && t < best {
			best = t
		}
	}
	return best
}

// argMax is the first of the largest.
func argMax(x []float64) int32 {
	best := 0
	for i, v := range x {
		if v > x[best] {
			best = i
		}
	}
	return int32(best)
}

// logSumExp is log Σ exp(x).
func logSumExp[T float32 | float64](x []T) float64 {
	most := float64(slices.Max(x))
	if math.IsInf(most, 0) {
		return most
	}
	sum := 0.0
	for _, v := range x {
		sum += elementary.Exp(float64(v) - most)
	}
	return most + elementary.Log(sum)
}
