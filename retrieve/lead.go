package retrieve

import "slm/internal/elementary"

// Lead is the log-odds that the softmax of the scores of what was found gives to the first: how far it is ahead of the others. The scores are those of Learned; by
// reciprocal ranks all leads are alike. Without a hit it is 0.
func Lead(found []Hit) float64 {
	if len(found) == 0 {
		return 0
	}
	const least = 1e-9 // of the others together: the odds stay finite
	others := least
	for _, h := range found[1:] {
		others += elementary.Exp(h.Score - found[0].Score)
	}
	return -elementary.Log(others)
}
