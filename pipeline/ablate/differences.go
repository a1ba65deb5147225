package ablate

import (
	"fmt"
	"slices"

	"slm/experiment"
	"slm/rng"
	answering "slm/stages/systems"
	"slm/stat"
)

// cell is what a variant's system made of an item: right answers over the seeds that have a result.
type cell struct{ right, seeds float64 }

// outcomes are the scored rows of the first exam by variant and system, item by item in the exam's order.
type outcomes struct {
	items []string
	of    map[[2]string]map[string]*cell
}

func collect(rows []experiment.Row) outcomes {
	o := outcomes{of: map[[2]string]map[string]*cell{}}
	seen := map[string]bool{}
	for _, r := range rows {
		if r.Exam != "" || !r.Scored {
			continue
		}
		if !seen[r.Item] {
			seen[r.Item] = true
			o.items = append(o.items, r.Item)
		}
		key := [2]string{r.Variant, r.System}
		if o.of[key] == nil {
			o.of[key] = map[string]*cell{}
		}
		c := o.of[key][r.Item]
		if c == nil {
			c = &cell{}
			o.of[key][r.Item] = c
		}
		c.seeds++
		if r.Correct {
			c.right++
		}
	}
	return o
}

// rates are the shares of right answers over the seeds, item by item; nil where the variant does not have the system on every item.
func (o outcomes) rates(variant, system string) []float64 {
	by := o.of[[2]string{variant, system}]
	if len(by) != len(o.items) || len(by) == 0 {
		return nil
	}
	x := make([]float64, len(o.items))
	for i, item := range o.items {
		x[i] = by[item].right / by[item].seeds
	}
	return x
}

// systems lists the systems of the first exam, in the order of the rows.
func systems(rows []experiment.Row) (names []string) {
	for _, r := range rows {
		if r.Exam == "" && r.Scored && !slices.Contains(names, r.System) {
			names = append(names, r.System)
		}
	}
	return names
}

// Accuracy is a variant's share of right answers under a system, the mean of its seeds.
type Accuracy struct {
	Variant string  `json:"variant"`
	System  string  `json:"system"`
	Value   float64 `json:"value"`
}

// Difference is a variant's accuracy minus the recipe's, with its 95 % interval.
type Difference struct {
	Variant string `json:"variant"`
	System  string `json:"system"`
	stat.Interval
}

// compare sets every variant beside the recipe, system by system: the mean over seeds on the same items. Items are drawn for the intervals, seeds are not.
func (p *Plan) compare(e *experiment.Experiment) (means []Accuracy, diffs []Difference, err error) {
	o, names := collect(e.Rows), systems(e.Rows)
	opt := stat.Options{Resamples: p.Base.Eval.Intervals.N, Stream: rng.New(p.Base.Seed, "ablate", "bootstrap")}
	for _, v := range p.Variants {
		for _, system := range names {
			x, base := o.rates(v.Name, system), o.rates(BaseName, system)
			if x == nil {
				continue
			}
			sum := 0.0
			for _, rate := range x {
				sum += rate
			}
			means = append(means, Accuracy{v.Name, system, sum / float64(len(x))})
			if v.Name == BaseName || base == nil || !differsBySystem(system) {
				continue
			}
			d, err := stat.Difference(x, base, opt)
			if err != nil {
				return nil, nil, fmt.Errorf("ablate: %s: %w", v.Name, err)
			}
			diffs = append(diffs, Difference{v.Name, system, d})
		}
	}
	return means, diffs, nil
}

// differsBySystem reports whether a variant can change what a system answers: the black box alone is the same in all.
func differsBySystem(system string) bool { return system != answering.Alone }
