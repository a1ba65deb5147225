package stat

import (
	"cmp"
	"math"
	"slices"
)

// AUROC is the probability that a case that came true has a higher score than one that did not, where equal scores count half: the area under the curve of
// Hanley and McNeil (Radiology 143, 1982). NaN where all came true, or none. O(n log n).
func AUROC(score []float64, right []bool) float64 {
	order := make([]int, len(score))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(score[a], score[b]) })
	var good, bad, wins float64 // so far, in rising order
	for from := 0; from < len(order); {
		to, here, wrong := from, 0.0, 0.0
		for ; to < len(order) && score[order[to]] == score[order[from]]; to++ {
			if right[order[to]] {
				here++
			} else {
				wrong++
			}
		}
		wins += float64(here*bad) + float64(here*wrong/2)
		good, bad, from = good+here, bad+wrong, to
	}
	if good == 0 || bad == 0 {
		return math.NaN()
	}
	return wins / float64(good*bad)
}
