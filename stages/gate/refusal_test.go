package gate

import (
	"math"
	"testing"

	"slm/rng"
)

// subjects are questions whose subjects the corpus covers by so much, give or take noise.
func subjects(n int, purpose string, known, best, near, noise float64) (out []Subject) {
	for i := range n {
		s := rng.New(5, purpose).At(uint64(i))
		around := func(x float64) float64 { return math.Min(1, math.Max(0, x+noise*(2*s.Float64()-1))) }
		out = append(out, Subject{Known: around(known), Best: around(best), Near: around(near)})
	}
	return out
}

func ours(list []Subject, made bool) (out []Ours) {
	for i, s := range list {
		out = append(out, Ours{Subject: s, People: !made, Made: made, Fold: i % 5})
	}
	return out
}

func TestFitRefusal_TurnsAwayForeignQuestionsAndKeepsTheCorpusOwn(t *testing.T) {
	for _, c := range []struct {
		name        string
		near, other float64 // cosines
	}{{"with vectors", 0.6, 0.15}, {"without", 0, 0}} {
		own := append(ours(subjects(100, "own", 0.9, 0.6, c.near, 0.25), false), ours(subjects(100, "made", 1, 0.9, c.near, 0.1), true)...)
		r, err := FitRefusal([]string{"how"}, own, subjects(100, "fit", 0.3, 0.2, c.other, 0.25), subjects(100, "held", 0.3, 0.2, c.other, 0.25))
		if err != nil || r == nil {
			t.Fatal(r, err)
		}
		if r.Own.Questions != 100 || r.Foreign.Questions != 100 || r.Own.Refused > 5 || r.Foreign.Refused < 95 {
			t.Errorf("%s: refused are %+v of the corpus's own, %+v of others", c.name, r.Own, r.Foreign)
		}
		if len(r.Common) != 1 || r.Refuses(Subject{Known: 1, Best: 1, Near: 1}) || !r.Refuses(Subject{}) {
			t.Errorf("%s: %+v", c.name, r)
		}
	}
}

func TestFitRefusal_WithoutQuestionsOfPeopleOnlyWhatKeepsOthersOutIsRefused(t *testing.T) {
	foreign := subjects(100, "fit", 0.3, 0.2, 0.15, 0.25)
	asked := ours(subjects(100, "own", 1, 0.95, 0.7, 0.05), false) // from the sections' own words
	bold, err := FitRefusal(nil, asked, foreign, foreign)
	if err != nil {
		t.Fatal(err)
	}
	for i := range asked {
		asked[i].People = false
	}
	meek, err := FitRefusal(nil, asked, foreign, foreign)
	if err != nil {
		t.Fatal(err)
	}
	vague := subjects(100, "vague", 0.8, 0.5, 0.4, 0.2) // as people ask
	count := func(r *Refusal) (n Refused) {
		for _, s := range vague {
			n.count(r, s)
		}
		return n
	}
	if b, m := count(bold), count(meek); b.Refused <= m.Refused || m.Refused > 5 {
		t.Errorf("of 100 questions that share fewer words with their sections %d are refused, %d with the threshold in the middle", m.Refused, b.Refused)
	}
	if meek.Foreign.Refused < 93 {
		t.Errorf("refused are %+v of the foreign questions", meek.Foreign)
	}
}

func TestFitRefusal_WhereBothLookAlikeTheCorpusOwnAreKept(t *testing.T) {
	own := ours(subjects(200, "own", 0.5, 0.4, 0.3, 0.2), false)
	r, err := FitRefusal(nil, own, subjects(100, "fit", 0.5, 0.4, 0.3, 0.2), subjects(100, "held", 0.5, 0.4, 0.3, 0.2))
	if err != nil {
		t.Fatal(err)
	}
	if r.Own.Refused > 16 {
		t.Errorf("%+v of the corpus's own are refused", r.Own)
	}
}

func TestFitRefusal_QuestionsThatTheCorpusCoversAreNotTakenForForeign(t *testing.T) {
	own := ours(subjects(100, "own", 0.95, 0.6, 0.5, 0.04), false)
	some := subjects(100, "fit", 0.2, 0.1, 0.1, 0.1)
	without, err := FitRefusal(nil, own, some, nil)
	if err != nil {
		t.Fatal(err)
	}
	with, err := FitRefusal(nil, own, append(subjects(50, "covered", 1, 1, 0.6, 0.02), some...), nil)
	if err != nil {
		t.Fatal(err)
	}
	if with.Below != without.Below {
		t.Errorf("the threshold is %v with questions that the corpus covers, %v without", with.Below, without.Below)
	}
}

func TestFitRefusal_FewQuestionsRefuseNothing(t *testing.T) {
	r, err := FitRefusal(nil, ours(subjects(Fewest-1, "own", 1, 1, 1, 0), false), subjects(50, "fit", 0, 0, 0, 0), nil)
	if r != nil || err != nil || r.Refuses(Subject{}) {
		t.Errorf("%+v, %v", r, err)
	}
}
