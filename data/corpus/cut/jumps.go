package cut

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"

	"slm/data/corpus/clean"
)

// jump makes a run go on behind a gap in its numbers: sections 1 to 4, 5 to 8 repealed or reserved, then 9 to 15. What comes behind the run
// stands as its marks do, and ends where an appendix begins, which numbers anew.
func (c *candidates) jump(s style, r run, all []mark, accept func(mark) bool) run {
	last := r[len(r)-1]
	end := len(c.text)
	if i, _ := slices.BinarySearch(c.ends, last.body); i < len(c.ends) {
		end = c.ends[i]
	}
	var ahead []mark
	from, _ := slices.BinarySearchFunc(all, last.body, func(m mark, at int) int { return cmp.Compare(m.start, at) })
	for _, m := range all[from:] {
		if m.start < end && m.value > last.to && m.indent == last.indent && m.front && accept(m) {
			ahead = append(ahead, m)
		}
	}
	more := s.furthest(last, ahead)
	whole := append(slices.Clone(r), more...)
	if s.skips || len(more) >= MinNumbered/2 || s.stop && apart(whole) {
		return whole
	}
	return r // one bare number is a day or a sum as well
}

// apart reports whether a blank line stands above each mark but the first.
func apart(r run) bool {
	return !slices.ContainsFunc(r[1:], func(m mark) bool { return !m.apart })
}

// jumpCost is what a jump takes away from the marks behind it: a little less than one mark.
const jumpCost = 0.9

// furthest is the best way through the marks ahead of one: each counts one, and each jump costs. So most marks are taken, with the fewest jumps: a
// section that is only spoken of, far ahead, would skip those in between.
func (s style) furthest(last mark, ahead []mark) run {
	worth, from := make([]float64, len(ahead)), make([]int, len(ahead))
	ends := map[int]int{} // number → the best way that ends in it
	var steps []int       // ways that no other beats with as low a number, by their numbers: each is worth more than the one before
	best := -1
	for i, m := range ahead {
		worth[i], from[i] = 1-jumpCost, -1
		if s.follows(last, m) {
			worth[i] = 1
		}
		better := func(j int, w float64) {
			if w > worth[i] {
				worth[i], from[i] = w, j
			}
		}
		for _, to := range []int{m.value, m.value - 1, m.value - 2} {
			if j, ok := ends[to]; ok && s.follows(ahead[j], m) {
				better(j, worth[j]+1)
			}
		}
		below, _ := slices.BinarySearchFunc(steps, m.value, func(j, value int) int { return cmp.Compare(ahead[j].to, value) })
		if below > 0 {
			better(steps[below-1], worth[steps[below-1]]+1-jumpCost)
		}
		if j, ok := ends[m.to]; !ok || worth[i] >= worth[j] {
			ends[m.to] = i
		}
		at, _ := slices.BinarySearchFunc(steps, m.to+1, func(j, value int) int { return cmp.Compare(ahead[j].to, value) })
		if at == 0 || worth[steps[at-1]] < worth[i] {
			for at > 0 && ahead[steps[at-1]].to == m.to {
				at--
			}
			beaten := at
			for beaten < len(steps) && worth[steps[beaten]] <= worth[i] {
				beaten++
			}
			steps = slices.Replace(steps, at, beaten, i)
		}
		if best < 0 || worth[i] > worth[best] {
			best = i
		}
	}
	var out run
	for i := best; i >= 0; i = from[i] {
		out = append(out, ahead[i])
	}
	slices.Reverse(out)
	return out
}

// inFront reports whether a mark does not stand within a sentence: it is behind a blank line, a line that ends one, or one that is a heading.
func inFront(above string) bool {
	above = strings.TrimSpace(above)
	return above == "" || strings.ContainsRune(".;:!?)]”\"»。；：！？）」』】", clean.LastRune(above)) || utf8.RuneCountInString(above) <= headMost/2
}
