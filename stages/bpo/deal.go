package bpo

import (
	"fmt"
	"slices"

	"slm/data/exam"
)

// deal says how many of n development items are searched on, chosen on and checked on. No more than two left over are too few to search on.
func (f Final) deal(n int) (search, choice, check int) {
	held := max(2, int(float64(float64(n)*f.Share)+0.5))
	return n - held, held / 2, held - held/2
}

// hold deals items, which are in a random order: choice and check come from those that are not known, the first of held is chosen on, choice of them;
// the others are searched on. Where too few are not known, the held-out parts are smaller; choice is 0 where there are not two.
func (f Final) hold(items []exam.Item, known func(question string) bool) (held, searched []exam.Item, choice int) {
	_, choose, check := f.deal(len(items))
	for _, it := range items {
		if len(held) < choose+check && !known(it.Question) {
			held = append(held, it)
		} else {
			searched = append(searched, it)
		}
	}
	return held, searched, len(held) / 2
}

// rungs is the ladder, cut to n items.
func (c Config) rungs(n int) (ladder []int) {
	for _, rung := range c.Items.Ladder {
		rung = min(rung, n)
		if last := len(ladder); rung > 0 && (last == 0 || rung > ladder[last-1]) {
			ladder = append(ladder, rung)
		}
	}
	return ladder
}

// baselines lists the names of the controls that search, repeats included, in the order in which they run.
func (c Config) baselines() (names []string) {
	for _, control := range []string{random, sobol, evolution, text, single} {
		if !slices.Contains(c.Controls, control) {
			continue
		}
		if control == single && !c.wide() {
			continue // there is nothing to change
		}
		names = append(names, control)
		for r := 2; r <= c.Repeats && control != text && control != single; r++ {
			names = append(names, fmt.Sprintf("%s/%d", control, r))
		}
	}
	return names
}
