package retrieve

import (
	"context"
	"errors"
	"math"
	"reflect"
	"testing"

	"slm/rng"
	"slm/stat"
)

// list is a retriever and scorer with one answer to every query.
type list struct {
	hits   []Hit
	scores []float64
}

func (l list) Search(_ context.Context, _ string, k int) ([]Hit, error) {
	if l.hits == nil && l.scores == nil {
		return nil, errors.New("no hits")
	}
	return l.hits[:min(k, len(l.hits))], nil
}
func (l list) Scores(context.Context, string) ([]float64, error) {
	if l.scores == nil {
		return nil, errors.New("no scores")
	}
	return l.scores, nil
}
func (list) Close() error { return nil }

func hits(sections ...int) (out []Hit) {
	for i, s := range sections {
		out = append(out, Hit{Section: s, Score: float64(-i)})
	}
	return out
}

func sections(hits []Hit) (out []int) {
	for _, h := range hits {
		out = append(out, h.Section)
	}
	return out
}

func TestReciprocal_ScoresAreSumsOfReciprocalRanks(t *testing.T) {
	a, b := list{hits: hits(3, 0, 1)}, list{hits: hits(1, 3)}
	got, err := Reciprocal(5, a, b).Search(context.Background(), "q", 5)
	if err != nil || !reflect.DeepEqual(sections(got), []int{3, 1, 0}) {
		t.Fatalf("%v, %v", got, err)
	}
	for i, want := range []float64{1./61 + 1./62, 1./63 + 1./61, 1. / 62} {
		if math.Abs(got[i].Score-want) > 1e-15 {
			t.Errorf("section %d scores %v, want %v", got[i].Section, got[i].Score, want)
		}
	}
	b.hits = append(b.hits, Hit{Section: 4, Cited: true})
	if got, err = Reciprocal(5, a, b).Search(context.Background(), "q", 2); err != nil || got[0].Section != 4 || !got[0].Cited || got[1].Section != 3 {
		t.Errorf("a cited section: %v, %v", got, err)
	}
	if _, err := Reciprocal(5, a, list{}).Search(context.Background(), "q", 2); err == nil {
		t.Error("an error of a part is lost")
	}
}

func TestLearned_StandardisedScoresAreWeighed(t *testing.T) {
	a, b := list{scores: []float64{10, 20, 30}}, list{scores: []float64{.3, .2, .1}}
	for _, c := range []struct {
		weights []float64
		want    []int
	}{{[]float64{1, 0}, []int{2, 1, 0}}, {[]float64{0, 1}, []int{0, 1, 2}}, {[]float64{1, 2}, []int{0, 1, 2}}} {
		h, err := Learned(c.weights, a, b)
		if err != nil {
			t.Fatal(err)
		}
		got, err := h.Search(context.Background(), "q", 3)
		if err != nil || !reflect.DeepEqual(sections(got), c.want) {
			t.Errorf("%v: %v, %v; want %v", c.weights, got, err, c.want)
		}
	}
	if _, err := Learned([]float64{1}, a, b); err == nil {
		t.Error("one weight for two signals")
	}
	h, _ := Learned([]float64{1, 1}, a, list{})
	if _, err := h.Search(context.Background(), "q", 1); err == nil {
		t.Error("an error of a part is lost")
	}
	if z := Standard([]float64{4, 4}); z[0] != 0 || z[1] != 0 {
		t.Errorf("scores that are all the same: %v", z)
	}
}

// choices are questions over seven sections of which one is right, by what Fit assumes: the softmax of the weighted scores.
func choices(n int, weights []float64) (cases []Case) {
	for i := range n {
		s := rng.New(5, "choices").At(uint64(i))
		c := Case{Right: make([]bool, 7)}
		var p []float64
		sum := 0.0
		for range 7 {
			row, z := make([]float64, len(weights)), 0.0
			for j := range row {
				row[j] = s.Norm()
				z += weights[j] * row[j]
			}
			c.Scores, p = append(c.Scores, row), append(p, math.Exp(z))
			sum += math.Exp(z)
		}
		at, draw := 0, s.Float64()*sum
		for draw > p[at] && at < 6 {
			draw -= p[at]
			at++
		}
		c.Right[at] = true
		cases = append(cases, c)
	}
	return cases
}

func TestFit_FindsTheWeightsThatMadeTheChoices(t *testing.T) {
	want := []float64{2, 0.5, 0}
	got, err := Fit(choices(4000, want), []float64{1, 1, 1}, 1e-4)
	if err != nil {
		t.Fatal(err)
	}
	for j := range want {
		if math.Abs(got[j]-want[j]) > 0.1 {
			t.Errorf("weights %v, want %v", got, want)
		}
	}
	if held, err := Fit(choices(4000, want), []float64{1, 1, 1}, 1e4); err != nil || math.Abs(held[0]-1) > 0.01 {
		t.Errorf("a strong ridge lets go: %v, %v", held, err)
	}
	if none, err := Fit(nil, []float64{1, 3}, 1); err != nil || !reflect.DeepEqual(none, []float64{1, 3}) {
		t.Errorf("without questions: %v, %v", none, err)
	}
	if _, err := Fit([]Case{{Scores: [][]float64{{1}}, Right: []bool{true}}}, []float64{1, 1}, 1); err == nil {
		t.Error("a case with too few signals is taken")
	}
	harmful := choices(1000, []float64{1, -2})
	if w, err := Fit(harmful, []float64{1, 1}, 1e-3); err != nil || w[1] != 0 {
		t.Errorf("a signal that misleads has the weight %v, %v", w, err)
	}
}

func TestFit_GradientIsThatOfTheLoss(t *testing.T) {
	cases, w, start := choices(20, []float64{1, 2, 0}), []float64{.7, 1.2, .1}, []float64{1, 1, 1}
	cases[3].Right[1], cases[3].Right[2] = true, true // several right ones
	_, gradient := likelihood(cases, w, start, 0.3)
	for j := range w {
		const h = 1e-5
		w[j] += h
		above, _ := likelihood(cases, w, start, 0.3)
		w[j] -= 2 * h
		below, _ := likelihood(cases, w, start, 0.3)
		w[j] += h
		if slope := (above - below) / (2 * h); math.Abs(slope-gradient[j]) > 1e-8 {
			t.Errorf("weight %d: %v, by differences %v", j, gradient[j], slope)
		}
	}
}

func TestNewCase_HasTheBestOfEachSignalAndTheRightOnes(t *testing.T) {
	n := 200
	up, down := make([]float64, n), make([]float64, n)
	for i := range n {
		up[i], down[i] = float64(i), float64(-i)
	}
	c, err := NewCase(context.Background(), []Scorer{list{scores: up}, list{scores: down}}, Asked{"q", []int{100}})
	if err != nil || len(c.Scores) != 2*caseDepth+1 || len(c.Right) != len(c.Scores) {
		t.Fatalf("%d sections, %v", len(c.Scores), err)
	}
	for i, row := range c.Scores {
		if c.Right[i] != (i == caseDepth) || math.Abs(row[0]+row[1]) > 1e-9 {
			t.Errorf("section %d: %v, %v", i, row, c.Right[i])
		}
	}
	if _, err := NewCase(context.Background(), []Scorer{list{}}, Asked{"q", []int{0}}); err == nil {
		t.Error("an error of a signal is lost")
	}
}

func TestMeasure_KnownValues(t *testing.T) {
	questions := []Asked{{"a", []int{7}}, {"b", []int{1, 2}}, {"c", []int{9}}, {"d", []int{40}}}
	r := list{hits: hits(7, 1, 5, 2, 6, 9)}
	ranks, err := Ranks(context.Background(), r, questions)
	if err != nil || !reflect.DeepEqual(ranks, [][]int{{0}, {1, 3}, {5}, nil}) {
		t.Fatalf("%v, %v", ranks, err)
	}
	q, err := Measure("x", questions, ranks, stat.Options{Resamples: 200})
	if err != nil {
		t.Fatal(err)
	}
	third := (1/math.Log2(3) + 1/math.Log2(5)) / (1 + 1/math.Log2(3))
	for name, c := range map[string][2]float64{
		"@1": {q.Recall1.Value, .25}, "@3": {q.Recall3.Value, .5}, "@5": {q.Recall5.Value, .5}, "@20": {q.Recall20.Value, .75},
		"mrr": {q.MRR.Value, (1 + .5 + 1./6) / 4}, "ndcg": {q.NDCG10.Value, (1 + third + 1/math.Log2(7)) / 4},
	} {
		if math.Abs(c[0]-c[1]) > 1e-12 {
			t.Errorf("%s is %v, want %v", name, c[0], c[1])
		}
	}
	if q.Retriever != "x" || q.Questions != 4 || q.Recall20.Low >= q.Recall20.High {
		t.Errorf("%+v", q)
	}
	if _, err := Measure("x", nil, nil, stat.Options{Resamples: 200}); err == nil {
		t.Error("no questions are measured")
	}
}
