package eval

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"testing"

	"slm/checkpoint"
	"slm/data/exam"
	"slm/result"
	"slm/rng"
	"slm/stages"
	"slm/stages/domain"
	"slm/stages/trainer"
	"slm/stat"
)

// rowsOf are the rows of systems on n questions: how many each has right, and for how many it has a right section. Unscored leaves the latter alone.
func rowsOf(n int, unscored bool, list ...struct {
	system       string
	right, there int
}) (rows []result.Row) {
	for _, s := range list {
		for i := range n {
			r := result.Row{System: s.system, Item: fmt.Sprint(i), Choices: []string{"a", "b"}, Correct: i < s.right, Right: []string{fmt.Sprint(i)}, Unscored: unscored}
			if i < s.there {
				r.Rank = 1
			}
			rows = append(rows, r)
		}
	}
	return rows
}

type figures = struct {
	system       string
	right, there int
}

func rivalsOf(t *testing.T, rows []result.Row) map[string]result.Versus {
	t.Helper()
	s := &result.Summary{}
	if err := summarise(s, rows, nil, nil, 500, 1); err != nil {
		t.Fatal(err)
	}
	all, err := bySystem(rows)
	if err != nil {
		t.Fatal(err)
	}
	list, err := rivals(s, all, stat.Options{Resamples: 500, Stream: rng.New(1)})
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]result.Versus{}
	for _, v := range list {
		out[v.System] = v
	}
	return out
}

func TestRivals_SystemsOfTheSmallModelMeetTheBestSearch(t *testing.T) {
	list := []figures{{"llm", 20, 0}, {"slm", 41, 0}, {"dp", 5, 0}, {"blade", 20, 30}, {"cite", 42, 58}, {"rag1", 35, 40}, {"rag3", 40, 50}, {"oracle", 60, 60}, {"shuffled", 60, 0}, {"auto", 60, 51}}
	got := rivalsOf(t, rowsOf(60, false, list...))
	for system, want := range map[string]result.Outcome{"slm": result.Neither, "blade": result.Worse, "cite": result.Neither, "auto": result.Better} {
		if v := got[system]; v.Over != "rag3" || v.Outcome != want || v.HolmP < v.McNemarP {
			t.Errorf("%s: %+v", system, v)
		}
	}
	if len(got) != 4 {
		t.Errorf("others are compared: %+v", got)
	}
	if d := got["auto"].Difference; math.Abs(d-20./60) > 1e-9 {
		t.Errorf("auto is %v better", d)
	}
	got = rivalsOf(t, rowsOf(60, true, list...))
	for system, want := range map[string]result.Outcome{"blade": result.Worse, "cite": result.Better, "auto": result.Neither} {
		if v := got[system]; v.Over != "rag3" || v.Outcome != want {
			t.Errorf("by evidence, %s: %+v", system, v)
		}
	}
}

func TestRivals_FewQuestionsShowNothing(t *testing.T) {
	got := rivalsOf(t, rowsOf(4, false, figures{"llm", 0, 0}, figures{"blade", 4, 4}, figures{"rag1", 0, 0}))
	if v := got["blade"]; v.Low <= 0 || v.Outcome != result.Neither {
		t.Errorf("the interval alone would show it: %+v", v)
	}
}

func TestTuning_ForgottenTextsAreSeen(t *testing.T) {
	of := func(name string, places, starts int) *answers {
		a := &answers{name: name}
		for i := range 60 {
			a.rows = append(a.rows, result.Row{PlaceOK: i < places, StartOK: i < starts})
		}
		return a
	}
	for _, c := range []struct {
		places, starts int
		want           result.Outcome
	}{{50, 30, result.Worse}, {50, 50, result.Neither}, {60, 50, result.Better}, {30, 60, result.Worse}} {
		got, err := tuning(of("dp", 50, 49), of("blade", c.places, c.starts))
		if err != nil || got == nil || *got != c.want {
			t.Errorf("%+v: %v, %v", c, got, err)
		}
	}
	if got, err := tuning(of("dp", 1, 1), of("dp", 1, 1)); got != nil || err != nil {
		t.Errorf("a stage against itself: %v, %v", got, err)
	}
}

func TestLoss_IsOfTheLastTenthAndOfThatBeforeThreeQuarters(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "dp")
	if l, err := loss(dir); l != nil || err != nil {
		t.Errorf("of nothing: %v, %v", l, err)
	}
	p, err := checkpoint.Begin(dir)
	if err != nil {
		t.Fatal(err)
	}
	var rows []trainer.Metric
	for i := range 40 {
		rows = append(rows, trainer.Metric{Step: int64(i + 1), Loss: float64(40 - i)})
	}
	held := 2.5
	rows[39].HeldOut = &held
	if err := checkpoint.WriteTable(p.Path("metrics.arrow"), rows, nil); err != nil {
		t.Fatal(err)
	}
	if err := p.Commit(&checkpoint.Manifest{Stage: stages.DP}); err != nil {
		t.Fatal(err)
	}
	l, err := loss(dir)
	if err != nil || l.Before != 12.5 || l.Last != 2.5 || l.Held == nil || *l.Held != 2.5 {
		t.Errorf("%+v, %v", l, err)
	}
}

func TestNamed_CountsSectionsOfTheRightDocumentAndThoseThatDoNotExist(t *testing.T) {
	dom, err := domain.Open(filepath.Join(tinyRun(t, 12), stages.Data))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = dom.Close() }()
	place := func(i int) string { return forms.PlaceOf(dom.Sections.At(i)) }
	n := named(dom, []result.Row{
		{Place: place(1), Right: []string{place(1)}}, {Place: place(1), Right: []string{place(2)}}, {Place: "Act\nSection 99:", Right: []string{place(3)}},
		{Place: place(1)}, {Right: []string{place(4)}},
	})
	if n == nil || *n != (result.Named{Questions: 4, Different: 2, Most: 2, Absent: 1, Document: 1, Right: 1}) {
		t.Errorf("%+v", n)
	}
}

func TestTrained_AsksTrainingQuestionsAlone(t *testing.T) {
	w := newDuo(120)
	dom := &domain.Domain{Items: w.items}
	for i := range w.items {
		w.items[i].Split = exam.Test
		if i < 100 {
			w.items[i].Split = exam.Train
		}
	}
	with := w.with()
	if got, err := trained(context.Background(), with, dom); got != nil || err != nil || w.spoke > 0 {
		t.Errorf("without places: %+v, %v, %d questions", got, err, w.spoke)
	}
	with.Places = true
	got, err := trained(context.Background(), with, dom)
	if err != nil || got.Of != mostTrained || w.spoke != mostTrained || got.Count < 45 || got.Count > 55 { // one of five is wrong
		t.Errorf("%+v, %v, %d questions", got, err, w.spoke)
	}
}

func TestRun_SummaryHasItsVerdictAndWhatTheRunWasTrainedOn(t *testing.T) {
	run := tinyRun(t, 16)
	if err := New(tinyConfig(), false).Run(context.Background(), tinyEnv(t, run, &reader{})); err != nil {
		t.Fatal(err)
	}
	s, _, err := result.Read(filepath.Join(run, stages.Eval))
	if err != nil {
		t.Fatal(err)
	}
	if v := s.Verdict; v == nil || v.Learned != result.No || v.Model != "blade" || v.Place.Of != 12 || !v.Written || len(v.Against) == 0 {
		t.Errorf("models of random weights: %+v", v)
	}
	if m := s.Measured; m == nil || m.Sections != 16 || m.Named == nil || m.Named.Absent != 0 || m.Tuning == nil || m.Trained != nil {
		t.Errorf("%+v", m)
	}
	if _, ok := s.Compare("shuffled", "blade"); !ok {
		t.Errorf("the control is not compared with the method: %+v", s.Comparisons)
	}
}
