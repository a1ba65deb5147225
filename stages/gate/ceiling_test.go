package gate

import (
	"errors"
	"path/filepath"
	"testing"

	"slm/checkpoint"
	"slm/stat"
)

// by is a gate that was fitted on so many questions of people.
func by(people int) Gate { return Gate{Version: Version, People: &people} }

func TestBound_AGateOfTheProgramsOwnQuestionsAloneHasACeiling(t *testing.T) {
	for people, has := range map[int]bool{0: true, FewestAsked - 1: true, FewestAsked: false} {
		g := by(people)
		if g.Bound(); has != (g.Ceiling != nil) {
			t.Errorf("%d questions of people: %v", people, g.Ceiling)
		}
	}
}

func TestSure_IsTheLowerOfBothAndRisesWithTheLead(t *testing.T) {
	g := by(0)
	g.Bound()
	before := 0.0
	for _, lead := range []float64{-2, 0, 1, 2, 4, 9} {
		p, bound := g.Sure(Evidence{Lead: lead}, 1)
		if !bound || p <= before || p >= 1 {
			t.Errorf("a lead of %v: %v after %v, by the ceiling %v", lead, p, before, bound)
		}
		if q, bound := g.Sure(Evidence{Lead: lead}, p/2); bound || q != p/2 {
			t.Errorf("a lead of %v, with a gate that is less sure than %v: %v", lead, p, q)
		}
		before = p
	}
	g = by(FewestAsked)
	if p, bound := g.Sure(Evidence{}, 0.97); p != 0.97 || bound {
		t.Errorf("without a ceiling: %v", p)
	}
}

func TestPassages_AFreeAnswerHasThreeWhereTheSearchIsNotFarAhead(t *testing.T) {
	bounded := by(0)
	bounded.Bound()
	for _, c := range []struct {
		g       Gate
		lead    float64
		k       int
		choices bool
		want    int
	}{
		{bounded, 0, 1, false, 3},
		{bounded, 0, 4, false, 4},
		{bounded, 0, 0, false, 0}, // nothing was found
		{bounded, 0, 1, true, 1},
		{bounded, 9, 1, false, 1},
		{by(FewestAsked), 0, 1, false, 1},
	} {
		if got := c.g.Passages(Evidence{Lead: c.lead}, c.k, c.choices); got != c.want {
			t.Errorf("%+v: %d passages", c, got)
		}
	}
}

func TestReadGate_ACeilingOfAnotherShapeIsDamage(t *testing.T) {
	list, fold, _ := cases(60)
	g, _, err := Fit(list, fold)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for n, want := range []error{checkpoint.ErrCorrupt, nil, checkpoint.ErrCorrupt} {
		g.Ceiling = &stat.Logistic{Weights: make([]float64, n)}
		if err := g.Write(filepath.Join(dir, GateFile)); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadGate(dir); !errors.Is(err, want) {
			t.Errorf("%d weights: %v", n, err)
		}
	}
}
