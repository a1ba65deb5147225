package stat

import (
	"math"
	"sort"

	"slm/internal/elementary"
)

// Test is the outcome of McNemar's test.
type Test struct {
	OnlyA int     `json:"only_a"` // items that only the first system got right
	OnlyB int     `json:"only_b"` // items that only the second got right
	P     float64 `json:"p"`      // two-sided
}

// McNemar tests whether two systems are right equally often on the same items, exactly: given how many items they differ on, the
// number that goes either way is binomial with ½ (McNemar 1947). Without any such item p is 1.
func McNemar(a, b []bool) (Test, error) {
	if len(a) == 0 || len(a) != len(b) {
		return Test{}, ErrItems
	}
	var t Test
	for i := range a {
		switch {
		case a[i] && !b[i]:
			t.OnlyA++
		case b[i] && !a[i]:
			t.OnlyB++
		}
	}
	t.P = math.Min(1, 2*lowerTail(min(t.OnlyA, t.OnlyB), t.OnlyA+t.OnlyB))
	return t, nil
}

// lowerTail is P(X ≤ k) for X binomial with n trials at ½. The terms are added from the largest down, each scaled by the largest, so
// that nothing underflows before its logarithm does.
func lowerTail(k, n int) float64 {
	sum, term := 0.0, 1.0
	for i := k; i >= 0 && term > 0; i-- {
		sum += term
		term *= float64(i) / float64(n-i+1)
	}
	return elementary.Exp(logChoose(n, k) - float64(float64(n)*math.Ln2) + elementary.Log(sum))
}

func logChoose(n, k int) float64 {
	a := elementary.Lgamma(float64(n + 1))
	b := elementary.Lgamma(float64(k + 1))
	c := elementary.Lgamma(float64(n - k + 1))
	return a - b - c
}

// Harmed counts items that were right without help and wrong with it.
type Harmed struct {
	Count int `json:"count"`
	Right int `json:"right"` // right without
	Items int `json:"items"`
}

// Rate is the share of the items right without help that the help turned wrong; 0 when there were none to harm.
func (h Harmed) Rate() float64 {
	if h.Right == 0 {
		return 0
	}
	return float64(h.Count) / float64(h.Right)
}

// Harm compares correctness with help to correctness without.
func Harm(without, with []bool) (Harmed, error) {
	if len(without) == 0 || len(without) != len(with) {
		return Harmed{}, ErrItems
	}
	h := Harmed{Items: len(without)}
	for i := range without {
		if without[i] {
			h.Right++
			if !with[i] {
				h.Count++
			}
		}
	}
	return h, nil
}

// Holm adjusts p-values for a family of tests (Holm 1979): the order stays, and rejecting those at most α keeps the chance of any
// false rejection at most α.
func Holm(p []float64) []float64 {
	order := make([]int, len(p))
	for i := range order {
		order[i] = i
	}
	sort.SliceStable(order, func(a, b int) bool { return p[order[a]] < p[order[b]] })
	adjusted, highest := make([]float64, len(p)), 0.0
	for rank, i := range order {
		highest = math.Max(highest, math.Min(1, float64(len(p)-rank)*p[i]))
		adjusted[i] = highest
	}
	return adjusted
}
