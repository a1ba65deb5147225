package gate

import (
	"math"
	"reflect"
	"slices"
	"testing"

	"slm/rng"
	"slm/stat"
)

// planted are questions whose right section is drawn by what the bridge assumes: the softmax of the weighted features. Of one in ten it was not found.
func planted(n int, weights []float64) (questions []Listed, fold []int) {
	for i := range n {
		s := rng.New(3, "planted").At(uint64(i))
		q := Listed{Right: make([]bool, Depth), Weight: 1}
		for k := range Depth {
			q.Features = append(q.Features, []float64{s.Norm(), 1 / float64(k+1), s.Norm(), s.Norm(), float64(s.IntN(2)), float64(s.IntN(3) - 1)})
		}
		order, p := Bridge{Weights: weights}.Weigh(q.Features)
		if at, draw := 0, s.Float64(); s.IntN(10) > 0 {
			for ; at < Depth-1 && draw > p[at]; at++ {
				draw -= p[at]
			}
			q.Right[order[at]] = true
		}
		questions, fold = append(questions, q), append(fold, i%5)
	}
	return questions, fold
}

func TestFitBridge_FindsThePlantedWeights(t *testing.T) {
	want := []float64{1.5, 0, 2, 0.5, 1, 0.7}
	questions, fold := planted(1200, want)
	b, held, err := FitBridge("kit", questions, fold)
	if err != nil || b.wrong() != "" {
		t.Fatal(err, b.wrong())
	}
	for j, w := range want {
		if math.Abs(b.Weights[j]-w) > 0.25 {
			t.Errorf("%s weighs %.2f, want %.2f", Features[j], b.Weights[j], w)
		}
	}
	first, plain := 0, 0
	for i, q := range questions {
		order, _ := Bridge{Weights: start}.Weigh(q.Features)
		if q.Right[held[i].Order[0]] {
			first++
		}
		if q.Right[order[0]] {
			plain++
		}
	}
	if first < plain+120 {
		t.Errorf("the bridge has %d right sections first, the search %d", first, plain)
	}
	if b.Value <= 0.5 || b.Stop <= 0 || b.Stop >= 1 {
		t.Errorf("stop %v is worth %v", b.Stop, b.Value)
	}
}

func TestFitBridge_WithoutQuestionsKeepsTheOrderOfTheSearch(t *testing.T) {
	b, held, err := FitBridge("kit", nil, nil)
	if err != nil || len(held) != 0 || !slices.Equal(b.Weights, start) || b.wrong() != "" {
		t.Fatalf("%+v, %v", b, err)
	}
	if k := b.Passages([]float64{.4, .3, .2, .1}); k != 2 {
		t.Errorf("%d passages with a stop of %v", k, b.Stop)
	}
	if k := b.Passages(nil); k != 0 {
		t.Errorf("%d passages of none", k)
	}
	if k := b.Passages([]float64{.1, .1, .1, .1, .1}); k != Most {
		t.Errorf("%d passages where none is probable", k)
	}
}

// cases are questions whose places and passages are right with probabilities that follow from the evidence.
func cases(n int) (list []Case, fold []int, named []float64) {
	for i := range n {
		s := rng.New(4, "cases").At(uint64(i))
		e := Evidence{Known: s.IntN(5) > 0, LogProb: -3 * s.Float64(), Passages: 1 + s.IntN(Most), First: s.Float64()}
		e.Sum = e.First + (1-e.First)*s.Float64()
		c := Case{Evidence: e, Choices: 4 * (i % 2)}
		p := 1 / (1 + math.Exp(-(2 + 2*e.LogProb)))
		named = append(named, p)
		c.NamedRight = e.Known && s.Float64() < p
		c.FirstRight = s.Float64() < 0.8*e.First
		c.AmongRight = c.FirstRight || s.Float64() < 0.3*(e.Sum-e.First)
		list, fold = append(list, c), append(fold, i/2%5)
	}
	return list, fold, named
}

func TestFit_FindsThePlantedProbabilities(t *testing.T) {
	list, fold, named := cases(2000)
	g, _, err := Fit(list, fold)
	if err != nil || g.wrong() != "" {
		t.Fatal(err, g.wrong())
	}
	off := 0.0
	for i, c := range list {
		if c.Known {
			off = math.Max(off, math.Abs(g.Odds(c.Evidence).Named-named[i]))
		}
	}
	if off > 0.15 {
		t.Errorf("a probability is off by %.3f", off)
	}
	if g.Named.After.ECE > 0.03 || g.Named.Before.ECE < 2*g.Named.After.ECE {
		t.Errorf("calibration error %.3f before, %.3f after", g.Named.Before.ECE, g.Named.After.ECE)
	}
	total := 0
	for _, w := range g.Ways {
		total += w.Questions
	}
	if total != len(list) {
		t.Errorf("%d ways were taken for %d questions", total, len(list))
	}
}

func TestFit_HarmStaysWithinItsBoundOnTheFolds(t *testing.T) {
	list, fold, _ := cases(800)
	g, _, err := Fit(list, fold)
	if err != nil {
		t.Fatal(err)
	}
	harm, given, n := 0.0, 0, 0
	for k := range 5 {
		var others []Case
		var at []int
		for i, c := range list {
			if fold[i] != k {
				others, at = append(others, c), append(at, fold[i])
			}
		}
		other, _, err := Fit(others, at)
		if err != nil {
			t.Fatal(err)
		}
		other.GiveChoices = g.GiveChoices
		for i, c := range list {
			if fold[i] != k || c.Choices == 0 {
				continue
			}
			way, _ := other.Choose(c.Evidence, true)
			if n++; way != Alone {
				if given++; !c.right(way) {
					harm += 1 / float64(c.Choices)
				}
			}
		}
	}
	if share := harm / float64(n); share > 2*mostHarm || given == 0 {
		t.Errorf("harm of %.3f with %d of %d given", share, given, n)
	}
	for i := range list { // nothing that is seen tells right from wrong
		list[i].LogProb, list[i].First, list[i].Sum = -1, 0.5, 0.5
		list[i].NamedRight, list[i].FirstRight, list[i].AmongRight = i%3 == 0, false, i%5 == 0
	}
	if g, _, err = Fit(list, fold); err != nil {
		t.Fatal(err)
	}
	if way, p := g.Choose(list[0].Evidence, true); way != Alone {
		t.Errorf("%s is taken with %.2f where nothing is known", way, p)
	}
}

func TestFit_FewQuestionsGiveNothing(t *testing.T) {
	list, fold, _ := cases(Fewest - 1)
	g, _, err := Fit(list, fold)
	if err != nil || g.wrong() != "" {
		t.Fatal(err, g.wrong())
	}
	for _, choices := range []bool{false, true} {
		if way, p := g.Choose(list[0].Evidence, choices); way != Alone || p > 0.01 {
			t.Errorf("%s with %v", way, p)
		}
	}
}

func TestFit_MadeQuestionsDoNotMakePeoplesSure(t *testing.T) {
	list, fold, _ := cases(600)
	for i := range list { // people's are never right, those by rules always
		list[i].Made = float64(i % 2)
		list[i].NamedRight, list[i].FirstRight, list[i].AmongRight = i%2 == 1, i%2 == 1, i%2 == 1
	}
	g, _, err := Fit(list, fold)
	if err != nil {
		t.Fatal(err)
	}
	e := list[1].Evidence
	if e.Made = 0; g.Odds(e).Among > 0.1 {
		t.Errorf("odds %+v", g.Odds(e))
	}
}

func TestFit_SaysWhetherPeopleHaveAskedEnoughToJudgeBy(t *testing.T) {
	for asked, made := range map[int]bool{FewestAsked - 1: true, FewestAsked: false} {
		list, fold, _ := cases(60)
		for i := range asked {
			list[i].People = true
		}
		if g, _, err := Fit(list, fold); err != nil || *g.People != asked || g.SelfMade() != made {
			t.Errorf("%d questions of people: %v, %v", asked, g.SelfMade(), err)
		}
	}
	if (Gate{}).SelfMade() {
		t.Error("an older program's gate, which does not say, is taken for one of its own questions")
	}
}

func TestFit_TheOrderOfQuestionsDoesNotMatter(t *testing.T) {
	list, fold, _ := cases(300)
	g, _, err := Fit(list, fold)
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(list)
	slices.Reverse(fold)
	h, _, err := Fit(list, fold)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(g.Ways, h.Ways) || g.Give != h.Give || g.GiveChoices != h.GiveChoices {
		t.Errorf("%+v, reversed %+v", g.Ways, h.Ways)
	}
	for _, c := range list {
		if a, b := g.Odds(c.Evidence), h.Odds(c.Evidence); math.Abs(a.Named-b.Named)+math.Abs(a.First-b.First)+math.Abs(a.Among-b.Among) > 1e-6 {
			t.Fatalf("%+v, reversed %+v", a, b)
		}
	}
}

func TestChoose_TakesTheMostProbableWay(t *testing.T) {
	e := Evidence{Known: true, Passages: 2}
	g := Gate{Give: .25, GiveChoices: .6, None: .1}
	for _, c := range []struct {
		odds    Odds
		e       Evidence
		choices bool
		want    Way
	}{
		{Odds{.98, .1, .2}, e, true, Small},
		{Odds{.05, .9, .95}, e, true, Found},
		{Odds{.5, .4, .5}, e, true, Both},
		{Odds{.3, .1, .2}, e, true, Alone},
		{Odds{.3, .0, .01}, e, false, Small},
		{Odds{.05, .02, .2}, e, false, Alone},
		{Odds{.05, .02, .03}, e, false, None},
		{Odds{.05, .02, .06}, e, true, Alone},
		{Odds{.9, .9, .9}, Evidence{}, false, None},
		{Odds{.4, .3, .7}, Evidence{Known: true, Passages: 2, Listed: 1}, false, Found},
	} {
		if way, p := g.choose(c.e, c.odds, c.choices); way != c.want || p < 0 || p > 1 {
			t.Errorf("%+v: %s with %.2f, want %s", c, way, p, c.want)
		}
	}
}

// Of a question from elsewhere some section is the best, and may look as probable as any.
func TestChoose_AForeignQuestionIsRefusedUnlessItHasChoices(t *testing.T) {
	g := Gate{Give: 0.25, GiveChoices: 0.25, Refusal: &Refusal{Score: stat.Logistic{Bias: -4, Weights: []float64{4, 4, 0}}, Below: 0.5}}
	for _, c := range []struct {
		about   Subject
		choices bool
		want    Way
	}{
		{Subject{Known: 1, Best: 0.5}, false, Found},
		{Subject{Known: 0.5, Best: 0.4}, false, None},
		{Subject{Known: 0.5, Best: 0.4}, true, Found},
	} {
		if way, _ := g.choose(Evidence{Passages: 1, About: c.about}, Odds{First: 0.9, Among: 0.9}, c.choices); way != c.want {
			t.Errorf("%+v with choices %v: %s, want %s", c.about, c.choices, way, c.want)
		}
	}
	old := Gate{Give: 0.25, Floor: 0.3} // a gate of an older run
	if way, _ := old.choose(Evidence{Passages: 1, Found: Mention{Overlap: 0.2}}, Odds{First: 0.9, Among: 0.9}, false); way != None {
		t.Errorf("below the floor of an older gate: %s", way)
	}
}
