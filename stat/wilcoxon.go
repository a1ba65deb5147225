package stat

import (
	"math"
	"sort"
)

// SignedRanks is the outcome of Wilcoxon's test on pairs.
type SignedRanks struct {
	W       float64 `json:"w"`       // sum of the ranks of the pairs in which the first is larger
	Pairs   int     `json:"pairs"`   // that differ
	P       float64 `json:"p"`       // two-sided
	Less    float64 `json:"less"`    // chance of a W as small as this: small when the first tends to be smaller
	Greater float64 `json:"greater"` // chance of a W as large as this: small when the first tends to be larger
}

// Wilcoxon tests whether the differences a[i] - b[i] are symmetric about 0 by their signed ranks (Wilcoxon 1945). Pairs that are equal
// are left out, tied differences share their mean rank, and the chances are exact: those of all 2^n ways to set the signs, counted by
// sums of doubled ranks in O(n³). Without a pair that differs all chances are 1.
func Wilcoxon(a, b []float64) (SignedRanks, error) {
	if err := sameItems(a, b); err != nil {
		return SignedRanks{}, err
	}
	var d []float64
	for i := range a {
		if a[i] != b[i] {
			d = append(d, a[i]-b[i])
		}
	}
	sort.Slice(d, func(i, j int) bool { return math.Abs(d[i]) < math.Abs(d[j]) })
	ways := []float64{1} // by doubled sum of ranks, as a share of all ways
	observed := 0
	for from := 0; from < len(d); {
		to := from + 1
		for to < len(d) && math.Abs(d[to]) == math.Abs(d[from]) {
			to++
		}
		rank := from + 1 + to // twice the mean of the ranks from+1 … to
		for i := from; i < to; i++ {
			next := make([]float64, len(ways)+rank)
			for sum, share := range ways {
				next[sum] += float64(share / 2)
				next[sum+rank] += float64(share / 2)
			}
			ways = next
			if d[i] > 0 {
				observed += rank
			}
		}
		from = to
	}
	out := SignedRanks{W: float64(observed) / 2, Pairs: len(d)}
	for sum, share := range ways {
		if sum <= observed {
			out.Less += share
		}
		if sum >= observed {
			out.Greater += share
		}
	}
	out.Less, out.Greater = math.Min(1, out.Less), math.Min(1, out.Greater)
	out.P = math.Min(1, 2*math.Min(out.Less, out.Greater))
	return out, nil
}
