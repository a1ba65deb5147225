package experts

import (
	"testing"

	"slm/stages/gate"
)

// some are questions that see more and more of each value.
func some(n int, from, to sight) (out []sight) {
	for i := range n {
		part := float64(i) / float64(n)
		mix := func(a, b float64) float64 { return a + float64(part*(b-a)) }
		out = append(out, sight{mix(from.known, to.known), mix(from.best, to.best), mix(from.familiar, to.familiar), mix(from.near, to.near)})
	}
	return out
}

func TestFitCurve_OwnQuestionsPassAndForeignOnesAreRefused(t *testing.T) {
	own := some(60, sight{.5, .4, .4, .4}, sight{1, 1, .9, .9})
	foreign := some(60, sight{0, 0, 0, 0}, sight{.5, .4, .3, .3})
	c, err := fitCurve(own[:30], own[30:], append(foreign, sight{1, 1, 1, 1})) // the last may be the corpus's after all
	if err != nil || c == nil {
		t.Fatal(err)
	}
	for _, s := range own {
		if c.refuses(s) {
			t.Errorf("%+v is refused: %v < %v", s, c.probability(s), c.below)
		}
	}
	for _, s := range foreign {
		if !c.refuses(s) {
			t.Errorf("%+v is let in: %v ≥ %v", s, c.probability(s), c.below)
		}
	}
}

func TestFitCurve_ThresholdKeepsOwnQuestionsWhereForeignOnesLookAlike(t *testing.T) {
	both := some(50, sight{.2, .2, .2, 0}, sight{.8, .8, .8, 0})
	c, err := fitCurve(both, nil, both)
	if err != nil || c == nil {
		t.Fatal(err)
	}
	refused := 0
	for _, s := range both {
		if c.refuses(s) {
			refused++
		}
	}
	if refused > 2 { // mostRefuse
		t.Errorf("%d of %d own questions are refused", refused, len(both))
	}
}

func TestFitCurve_TooFewQuestionsFitNone(t *testing.T) {
	enough, few := some(60, sight{}, sight{1, .8, 1, 1}), some(gate.Fewest-1, sight{}, sight{1, .8, 1, 1})
	for _, c := range [][2][]sight{{few, enough}, {enough, few}} {
		if got, err := fitCurve(c[0], nil, c[1]); got != nil || err != nil {
			t.Errorf("%d and %d: %v, %v", len(c[0]), len(c[1]), got, err)
		}
	}
}
