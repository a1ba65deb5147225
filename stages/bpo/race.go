package bpo

import (
	"math"

	"slm/internal/elementary"
)

// raceLevel is the chance that the race stops a trial which is as good as the leader, over all its looks.
const raceLevel = 0.05

// promising says whether a trial climbs on from a rung. It must be among the better half of those that have come as far, z = 0 included:
// successive halving without waiting for the others (Li et al., "A system for massively parallel hyperparameter tuning", MLSys 2020). Where
// prompts change few answers most are tied; of those, half climb, for one that has stopped takes nobody's place. And it must not have lost
// the race against the leader.
func (s *search) promising(t *trial, pool []*trial, rung int) bool {
	if lost(t, s.leader(t, pool, rung), rung, len(s.ladder)-1) {
		return false
	}
	own, _ := gain(t, s.zero, rung)
	n, ahead := 1, 0
	for _, p := range pool {
		if p == t || len(p.results) < rung {
			continue
		}
		n++
		if g, _ := gain(p, s.zero, rung); g > own || g == own && len(p.results) > rung {
			ahead++
		}
	}
	return ahead < (n+1)/2
}

// leader is the best of the other trials that have come furthest, of at least a rung: z = 0 if no other is better.
func (s *search) leader(t *trial, pool []*trial, rung int) *trial {
	best, most, top := s.zero, 0, 0.0
	for _, p := range pool {
		if p == t || p == s.zero || p.refused != "" || len(p.results) < max(rung, most) {
			continue
		}
		g, _ := gain(p, s.zero, len(p.results))
		if len(p.results) > most {
			most, best, top = len(p.results), s.zero, 0 // z = 0 has come as far as any
		}
		if g > top {
			best, top = p, g
		}
	}
	return best
}

// lost says whether a trial is shown to be worse than the leader on their first n items, taken in pairs: the mean difference is below 0 by
// more than a normal test at raceLevel, shared out among the looks (Bonferroni), leaves to chance.
func lost(t, leader *trial, n, looks int) bool {
	mean, squares := gain(t, leader, n)
	sd := math.Sqrt(squares / float64(max(1, n-1)) / float64(n))
	return mean+float64(quantile(1-raceLevel/float64(max(1, looks)))*sd) < 0
}

// quantile is that of the standard normal distribution.
func quantile(p float64) float64 { return math.Sqrt2 * elementary.Erfinv(2*p-1) }
