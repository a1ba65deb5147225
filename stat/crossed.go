package stat

import (
	"fmt"
	"math"
)

// Crossed is what is known of a mean, or of a difference of two means, over seeds and items that are both drawn: every seed has answered every item,
// and items of one cluster are drawn together.
type Crossed struct {
	Interval
	Level    float64 `json:"level"`    // of the interval
	SE       float64 `json:"se"`       // standard error, and
	DF       float64 `json:"df"`       // its degrees of freedom (Satterthwaite 1946): what power is computed from. The interval of several seeds is that of reach
	P        float64 `json:"p"`        // two-sided, of no difference; 1 where nothing varies and the value is 0
	Items    int     `json:"items"`    //
	Clusters int     `json:"clusters"` //
	Seeds    []int   `json:"seeds"`    // of each side
	Drawn    bool    `json:"drawn"`    // seeds were: there is more than one on each side
	Parts    Parts   `json:"parts"`
}

// Parts are the components of the squared standard error. Each of the first two holds Both once: SE² = Seeds + Clusters − Both, but no less than either.
type Parts struct {
	Seeds    float64 `json:"seeds"`    // from one seed to the next; 0 where seeds were not drawn
	Clusters float64 `json:"clusters"` // from one cluster of items to the next
	Both     float64 `json:"both"`     // of a seed on a cluster, beyond both; 0 where seeds were not drawn

	seedsDF float64 // degrees of freedom of Seeds
}

// Student is Cross of values that have nothing in common, such as one of each run: Student's interval of their mean.
func Student(values []float64, level float64) (Crossed, error) {
	each := make([]int, len(values))
	for i := range each {
		each[i] = i
	}
	return Cross(each, level, [][]float64{values})
}

// Cross is the mean of one side, or the difference of the first from the second. A side is seeds × items: scores[s][i]. Sides whose seeds go together are
// one side of differences. cluster[i] numbers the cluster of item i from 0, without a gap.
//
// The squared standard error is what a two-way cluster bootstrap (Owen 2007, "The pigeonhole bootstrap") would have after infinitely many resamples of
// seeds and of clusters, once its three known biases are taken off: each resampled variance is too small by (n−1)/n, and what seeds and items have together
// is counted three times. That leaves the sum of squares of the two-way layout, which is the method of moments for crossed random effects
// (Searle, Casella and McCulloch 1992, §4.3) and the two-way cluster-robust variance (Cameron, Gelbach and Miller 2011). The interval is not t times that:
// a few seeds say too little of how much seeds differ (reach.go). Without drawn seeds and with one item a cluster it is the paired t-test.
func Cross(cluster []int, level float64, sides ...[][]float64) (Crossed, error) {
	l, err := layoutOf(cluster, sides)
	if err != nil {
		return Crossed{}, err
	}
	if !(level > 0 && level < 1) {
		return Crossed{}, fmt.Errorf("stat: no interval has the level %v", level)
	}
	out := Crossed{Level: level, Items: len(cluster), Clusters: len(l.size), Drawn: true, Interval: Interval{Value: l.value}}
	for _, s := range l.sides {
		out.Seeds = append(out.Seeds, len(s.total))
		out.Drawn = out.Drawn && len(s.total) > 1
	}
	var freedom float64
	out.Parts, freedom = l.parts(out.Drawn)
	variance := max(out.Parts.Seeds+out.Parts.Clusters-out.Parts.Both, out.Parts.Seeds, out.Parts.Clusters)
	out.SE = math.Sqrt(variance)
	if variance == 0 {
		out.DF, out.Low, out.High = float64(max(out.Clusters-1, 1)), l.value, l.value
		if l.value == 0 {
			out.P = 1
		}
		return out, nil
	}
	out.DF = max(1, variance*variance/freedom)
	r := out.Parts.reach(out.Clusters)
	half := r.at(level)
	out.Low, out.High, out.P = l.value-half, l.value+half, r.p(math.Abs(l.value))
	return out, nil
}

// layout is the two-way table of what is left of each cluster's sum once the mean is taken off.
type layout struct {
	size  []float64 // items of each cluster
	value float64
	sides []side
}

// side has, for each of its seeds, what is left in all and in each cluster, as shares of all items.
type side struct {
	sign  float64
	total []float64
	rest  [][]float64 // seeds × clusters
}

func layoutOf(cluster []int, sides [][][]float64) (layout, error) {
	var l layout
	if len(cluster) == 0 || len(sides) < 1 || len(sides) > 2 {
		return l, ErrItems
	}
	for i, c := range cluster {
		if c < 0 || c > len(l.size) {
			return l, fmt.Errorf("stat: item %d is of cluster %d of %d", i, c, len(l.size))
		}
		if c == len(l.size) {
			l.size = append(l.size, 0)
		}
		l.size[c]++
	}
	if len(l.size) < 2 {
		return l, fmt.Errorf("%w: %d cluster, and a spread needs two", ErrItems, len(l.size))
	}
	n := float64(len(cluster))
	for k, scores := range sides {
		if len(scores) == 0 {
			return l, ErrItems
		}
		if err := sameItems(append([][]float64{make([]float64, len(cluster))}, scores...)...); err != nil {
			return l, err
		}
		s, mean := side{sign: 1 - 2*float64(k)}, 0.0
		for _, row := range scores {
			sums := make([]float64, len(l.size))
			for i, v := range row {
				sums[cluster[i]] += v / n
			}
			s.rest = append(s.rest, sums)
			for _, v := range sums {
				mean += v / float64(len(scores))
			}
		}
		for _, sums := range s.rest {
			total := 0.0
			for c := range sums {
				sums[c] -= mean * l.size[c] / n
				total += sums[c]
			}
			s.total = append(s.total, total)
		}
		l.value += float64(s.sign * mean)
		l.sides = append(l.sides, s)
	}
	return l, nil
}

// parts are the components of the variance and Satterthwaite's sum: of each mean square, its square by its degrees of freedom.
func (l layout) parts(drawn bool) (p Parts, freedom float64) {
	clusters, n := float64(len(l.size)), 0.0
	var welch, least, most float64 // Σ squares of Seeds over df + 2, the fewest and the most degrees of freedom that it can have
	for _, m := range l.size {
		n += m
	}
	column := make([]float64, len(l.size)) // of both sides
	for _, s := range l.sides {
		seeds := float64(len(s.total))
		own := make([]float64, len(l.size))
		for _, row := range s.rest {
			for c, v := range row {
				own[c] += v / seeds
			}
		}
		for c, v := range own {
			column[c] += float64(s.sign * v)
		}
		if !drawn {
			continue
		}
		var between, both float64
		for k, row := range s.rest {
			between += float64(s.total[k] * s.total[k])
			for c, v := range row {
				e := v - own[c] - s.total[k]*l.size[c]/n
				both += float64(e * e)
			}
		}
		between /= (seeds - 1) * seeds
		both = float64(both * (clusters / ((seeds - 1) * (clusters - 1) * seeds)))
		p.Seeds, p.Both = p.Seeds+between, p.Both+both
		freedom += between*between/(seeds-1) + both*both/((seeds-1)*(clusters-1))
		welch += between * between / (seeds + 1)
		most += seeds - 1
		if least == 0 || seeds-1 < least {
			least = seeds - 1
		}
	}
	p.seedsDF = most
	if welch > 0 { // Welch 1947: of unbiased squares, so that sides of few seeds do not look like fewer
		p.seedsDF = min(most, max(least, p.Seeds*p.Seeds/welch-2))
	}
	for _, v := range column {
		p.Clusters += float64(v * v)
	}
	p.Clusters *= clusters / (clusters - 1)
	return p, freedom + p.Clusters*p.Clusters/(clusters-1)
}
