package systems

import "slm/rng"

// derange gives each of n items the index of another item, whose knowledge it gets in the control: a seeded permutation without a
// fixed point, and without a pair of the same group (items about one section are one group). ok is false when there is none to be
// found, as with a single group.
//
// A permutation of one cycle (Sattolo's method) has no fixed point; what pairs within a group is then exchanged with the first item,
// going round, for which both pairs become good.
func derange(groups []string, s *rng.Stream) (other []int, ok bool) {
	n := len(groups)
	other = make([]int, n)
	for i := range other {
		other[i] = i
	}
	for i := n - 1; i > 0; i-- {
		j := s.IntN(i)
		other[i], other[j] = other[j], other[i]
	}
	bad := func(i, to int) bool { return i == to || groups[i] == groups[to] }
	for i := range other {
		for step := 1; step < n && bad(i, other[i]); step++ {
			j := (i + step) % n
			if !bad(i, other[j]) && !bad(j, other[i]) {
				other[i], other[j] = other[j], other[i]
			}
		}
		if bad(i, other[i]) {
			return nil, false
		}
	}
	return other, n > 1
}
