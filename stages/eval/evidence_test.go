package eval

import (
	"math"
	"testing"

	"slm/result"
	"slm/rng"
	"slm/stat"
)

func TestRank_FirstRightPlaceAmongThoseThatWereGiven(t *testing.T) {
	r := &runner{whole: wholePlace(forms)}
	for _, c := range []struct {
		given, right []string
		want         int32
	}{
		{nil, []string{"Act\nSection 1:"}, 0},
		{[]string{"Act\nSection 2:", "Act\nSection 1:"}, []string{"Act\nSection 1:", "Act\nSection 9:"}, 2},
		{[]string{"Act\nSection 1 (part 2 of 3):"}, []string{"Act\nSection 1:"}, 1},
		{[]string{"Act\nSection 1:"}, nil, 0},
	} {
		if got := r.rank(c.given, c.right); got != c.want {
			t.Errorf("%q among %q: %d", c.right, c.given, got)
		}
	}
}

func TestEvidence_CountsTheQuestionsWhosePlacesAreKnown(t *testing.T) {
	a := answers{rows: []result.Row{{Right: []string{"a"}, Rank: 1}, {Right: []string{"a"}, Rank: 3}, {Right: []string{"a"}}, {}}}
	opt := stat.Options{Resamples: 200, Stream: rng.New(1, "t")}
	e, err := evidence(a, opt)
	if err != nil || e.First != 1 || e.Any != 2 || math.Abs(e.Rate-2./3) > 1e-12 || e.Low > e.Rate || e.High < e.Rate {
		t.Errorf("%+v, %v", e, err)
	}
	if e, err := evidence(answers{rows: []result.Row{{}}}, opt); e != nil || err != nil {
		t.Errorf("%+v, %v", e, err)
	}
}

func TestClassesOf_OptionsThatAllQuestionsShare(t *testing.T) {
	rows := func(choices ...[]string) (out []result.Row) {
		for range 3 {
			for _, c := range choices {
				out = append(out, result.Row{Choices: c})
			}
		}
		return out
	}
	if got := classesOf(rows([]string{"yes", "no"}, []string{"No", " yes"}, nil)); len(got) != 2 || got[0] != "no" {
		t.Errorf("%q", got)
	}
	for _, few := range [][]result.Row{rows([]string{"yes", "no"}, []string{"yes", "maybe"}), rows(nil), rows([]string{"a", "b", "c", "d"})[:3]} {
		if got := classesOf(few); got != nil {
			t.Errorf("%q", got)
		}
	}
	// Classes are told by what they say, not by where they stand.
	balanced, f1 := byClass(answers{rows: []result.Row{
		{Choices: []string{"yes", "no"}, Answer: 0, Picked: 0}, {Choices: []string{"no", "yes"}, Answer: 1, Picked: 1}, {Choices: []string{"yes", "no"}, Answer: 1, Picked: -1},
	}}, []string{"no", "yes"})
	if *balanced != .5 || *f1 != .5 {
		t.Errorf("%v, %v", *balanced, *f1)
	}
}
