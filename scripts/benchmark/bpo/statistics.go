package bpo

import (
	"math"
	"slices"

	"slm/rng"
	"slm/scripts/benchmark/duel"
	"slm/stat"
)

func pearson(x, y []float64) float64 {
	var mx, my, xx, yy, xy float64
	for i := range x {
		mx, my = mx+x[i]/float64(len(x)), my+y[i]/float64(len(x))
	}
	for i := range x {
		xx, yy, xy = xx+(x[i]-mx)*(x[i]-mx), yy+(y[i]-my)*(y[i]-my), xy+(x[i]-mx)*(y[i]-my)
	}
	if xx == 0 || yy == 0 {
		return 0
	}
	return xy / math.Sqrt(xx*yy)
}

// signedRanks is Wilcoxon's p. What was not reached ranks behind all that was.
func signedRanks(a, b []float64) (float64, error) {
	whole := func(x []float64) []float64 {
		x = slices.Clone(x)
		for i, v := range x {
			if math.IsInf(v, 1) {
				x[i] = 1e6
			}
		}
		return x
	}
	r, err := stat.Wilcoxon(whole(a), whole(b))
	return r.P, err
}

// medianInterval is the median and its 95 % bootstrap interval; infinite where so many runs do not reach the target.
func medianInterval(x []float64) stat.Interval {
	draw := rng.New(1, "bench", "median")
	medians := make([]float64, 2000)
	for r := range medians {
		again := make([]float64, len(x))
		for i := range again {
			again[i] = x[draw.IntN(len(x))]
		}
		medians[r] = duel.Median(again)
	}
	slices.Sort(medians)
	return stat.Interval{Value: duel.Median(x), Low: medians[49], High: medians[1949]}
}

// crossed is the mean of what runs end in on the held-out questions, less zero's answers if there are any, and its 95 % bootstrap interval: seeds
// and questions are both drawn again, for other seeds would be asked other questions.
func crossed(runs []*curve, zero []float64) stat.Interval {
	questions := len(runs[0].right)
	at := func(run, q int) float64 {
		if zero == nil {
			return runs[run].right[q]
		}
		return runs[run].right[q] - zero[q]
	}
	value := func(run, q func(int) int) (sum float64) {
		for r := range runs {
			for i := range questions {
				sum += at(run(r), q(i)) / float64(len(runs)*questions)
			}
		}
		return sum
	}
	same := func(i int) int { return i }
	draw := rng.New(1, "bench", "crossed")
	means := make([]float64, 2000)
	for b := range means {
		rs, qs := make([]int, len(runs)), make([]int, questions)
		for i := range rs {
			rs[i] = draw.IntN(len(rs))
		}
		for i := range qs {
			qs[i] = draw.IntN(len(qs))
		}
		means[b] = value(func(i int) int { return rs[i] }, func(i int) int { return qs[i] })
	}
	slices.Sort(means)
	return stat.Interval{Value: value(same, same), Low: means[49], High: means[1949]}
}
