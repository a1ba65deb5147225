package kit

import (
	"slm/rng"
	"slm/stages/domain"
)

// partial leaves of the pairs about sections those about sections that differ from the run before, and about some of the others, replay for each that
// differs; pairs of a file stay. On data of no update it does nothing.
func (l *pairList) partial(dom *domain.Domain, replay float64, seed uint64) error {
	changes, err := dom.Changes()
	if err != nil || changes == nil {
		return err
	}
	asked := map[int32]bool{}
	for _, r := range l.refs {
		asked[r.section] = true
	}
	reads := map[int32]bool{-1: true}
	for _, i := range changes.Fresh {
		reads[int32(i)] = true
	}
	kept := changes.Kept[:0:0]
	for _, i := range changes.Kept {
		if asked[int32(i)] {
			kept = append(kept, i)
		}
	}
	changes.Kept = kept
	for _, i := range changes.Replayed(replay, 0, func(int) []int { return rng.New(seed, "kit", "kept").Perm(len(kept)) }) {
		reads[int32(i)] = true
	}
	refs := l.refs[:0:0]
	for _, r := range l.refs {
		if reads[r.section] {
			refs = append(refs, r)
		}
	}
	l.refs = refs
	return nil
}
