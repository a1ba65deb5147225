package stat

import (
	"math"

	"slm/internal/elementary"
)

// Mixed is a linear model with crossed random effects, y = mean + seed + cluster + item in its cluster + rest, fitted by restricted maximum likelihood
// (Patterson and Thompson 1971): a check of Cross by another estimator. Components are variances of one answer.
type Mixed struct {
	Value   float64 `json:"value"` // generalised least squares: larger clusters weigh a little less for each item than in a mean
	SE      float64 `json:"se"`
	Seed    float64 `json:"seed"`
	Cluster float64 `json:"cluster"` // 0 where every cluster has one item
	Item    float64 `json:"item"`    // with one seed it holds the rest too
	Rest    float64 `json:"rest"`
}

// Mix fits the model to scores of seeds × items; cluster is as in Cross. The design is crossed and balanced, so the likelihood falls into independent
// parts: seeds, the rest, items within clusters, and means of clusters. Given the share of clusters, the other components have a closed form, with those
// that would be negative pooled; the share is found by golden section.
func Mix(cluster []int, scores [][]float64) (Mixed, error) {
	l, err := layoutOf(cluster, [][][]float64{scores})
	if err != nil {
		return Mixed{}, err
	}
	seeds, n := float64(len(scores)), float64(len(cluster))
	byItem, bySeed, mean := make([]float64, len(cluster)), make([]float64, len(scores)), l.value
	for s, row := range scores {
		for i, v := range row {
			byItem[i] += v / seeds
			bySeed[s] += v / n
		}
	}
	byCluster := make([]float64, len(l.size))
	for i, v := range byItem {
		byCluster[cluster[i]] += v / l.size[cluster[i]]
	}
	var between, within, rest float64
	for s, row := range scores {
		between += float64(n * (bySeed[s] - mean) * (bySeed[s] - mean))
		for i, v := range row {
			e := v - byItem[i] - bySeed[s] + mean
			rest += float64(e * e)
		}
	}
	for i, v := range byItem {
		within += float64(seeds * (v - byCluster[cluster[i]]) * (v - byCluster[cluster[i]]))
	}
	fit := func(ratio float64) (m Mixed, loss float64) {
		var weights, logs, sum float64
		for c, k := range l.size {
			w := k / (1 + float64(ratio*k))
			weights, m.Value, logs = weights+w, m.Value+float64(w*byCluster[c]), logs+elementary.Log1p(ratio*k)
		}
		m.Value /= weights
		for c, k := range l.size {
			d := byCluster[c] - m.Value
			sum += seeds * d * d * k / (1 + float64(ratio*k))
		}
		// Three variances, of which none is below that of the rest: of the rest, of items, of seeds.
		v := pooled([]scale{{rest, (seeds - 1) * (n - 1)}, {within + sum, n - 1}, {between, seeds - 1}})
		for _, s := range v {
			if s.freedom > 0 && s.variance > 0 {
				loss += float64(s.freedom * elementary.Log(s.variance))
			}
		}
		loss += logs + elementary.Log(weights)
		m.Rest = v[0].variance
		m.Item, m.Cluster, m.Seed = (v[1].variance-v[0].variance)/seeds, ratio*v[1].variance/seeds, (v[2].variance-v[0].variance)/n
		m.SE = math.Sqrt(m.Seed/seeds + v[1].variance/(seeds*weights))
		return m, loss
	}
	if len(l.size) == len(cluster) {
		m, _ := fit(0)
		return m, nil
	}
	low, high := 0.0, 1.0 // ratio = x/(1−x)
	at := func(x float64) float64 { _, loss := fit(x / (1 - float64(x))); return loss }
	const golden = 0.6180339887498949
	a, b := high-float64(golden*(high-low)), low+float64(golden*(high-low))
	fa, fb := at(a), at(b)
	for high-low > 1e-10 {
		if fa <= fb {
			high, b, fb = b, a, fa
			a = high - float64(golden*(high-low))
			fa = at(a)
		} else {
			low, a, fa = a, b, fb
			b = low + float64(golden*(high-low))
			fb = at(b)
		}
	}
	best := float64((low + high) / 2)
	if at(0) <= at(best) {
		best = 0
	}
	m, _ := fit(best / (1 - best))
	return m, nil
}

// scale is a sum of squares with its degrees of freedom, and variance what is made of them.
type scale struct{ squares, freedom float64 }

type variance struct{ variance, freedom float64 }

// pooled are the variances under which the sums of squares are most likely, none below the first (Thompson 1962, "negative estimates of variance
// components"): those that would be are pooled with it, the lowest first.
func pooled(list []scale) []variance {
	out, in := make([]variance, len(list)), make([]bool, len(list))
	first := list[0]
	in[0] = true
	for {
		lowest := -1
		for i, s := range list {
			if !in[i] && s.freedom > 0 && (lowest < 0 || s.squares/s.freedom < list[lowest].squares/list[lowest].freedom) {
				lowest = i
			}
		}
		if lowest < 0 || first.freedom > 0 && list[lowest].squares/list[lowest].freedom >= first.squares/first.freedom || first.freedom == 0 {
			break
		}
		first.squares, first.freedom, in[lowest] = first.squares+list[lowest].squares, first.freedom+list[lowest].freedom, true
	}
	for i, s := range list {
		out[i].freedom = s.freedom
		switch {
		case in[i] && first.freedom > 0:
			out[i].variance = first.squares / first.freedom
		case !in[i] && s.freedom > 0:
			out[i].variance = s.squares / s.freedom
		}
	}
	return out
}
