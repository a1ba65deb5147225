package experiment

import (
	"encoding/json"
	"errors"
	"math"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"slm/internal/grid"
)

func recorded(t *testing.T) *Experiment {
	t.Helper()
	e, err := Read(filepath.Join("testdata", "recorded"))
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// only keeps the units and rows that a condition holds for.
func (e *Experiment) only(holds func(variant string, seed uint64) bool) *Experiment {
	var units []Unit
	var rows []Row
	for _, u := range e.Units {
		if holds(u.Variant, u.Seed) {
			units = append(units, u)
		}
	}
	for _, r := range e.Rows {
		if holds(r.Variant, r.Seed) {
			rows = append(rows, r)
		}
	}
	e.Units, e.Rows = units, rows
	return e
}

func TestCompare_SaysWhatSciPyAndStatsmodelsSayOfRecordedRuns(t *testing.T) {
	var golden []struct {
		System              string
		Seeds               int
		Value, Low, High, P float64
	}
	if err := json.Unmarshal(read(t, filepath.Join("testdata", "recorded.json")), &golden); err != nil || len(golden) != 4 {
		t.Fatal(golden, err)
	}
	for _, g := range golden {
		e := recorded(t).only(func(_ string, seed uint64) bool { return seed <= uint64(g.Seeds) })
		c, err := Compare(e, Options{Systems: []string{g.System}, OtherWording: true})
		if err != nil {
			t.Fatal(err)
		}
		d := c.Differences[0]
		for name, x := range map[string][3]float64{"difference": {d.Cross.Value, g.Value, 1e-9}, "low": {d.Cross.Low, g.Low, 1e-3}, "high": {d.Cross.High, g.High, 1e-3}, "p": {d.Cross.P, g.P, 1e-3}} {
			if math.Abs(x[0]-x[1]) > x[2] {
				t.Errorf("%s, %d seeds: %s is %v, want %v", g.System, g.Seeds, name, x[0], x[1])
			}
		}
		if told := strings.Contains(strings.Join(c.Notes, "\n"), "seeds were not drawn"); told != (g.Seeds == 1) || d.Cross.Drawn == told {
			t.Errorf("%d seeds: notes %q", g.Seeds, c.Notes)
		}
	}
}

func TestCompare_SeedsThatAreOthersAreNotPaired(t *testing.T) {
	e := recorded(t)
	for i := range e.Units {
		if e.Units[i].Variant == "half" {
			e.Units[i].Seed += 10
		}
	}
	for i := range e.Rows {
		if e.Rows[i].Variant == "half" {
			e.Rows[i].Seed += 10
		}
	}
	c, err := Compare(e, Options{Systems: []string{"slm"}})
	if err != nil {
		t.Fatal(err)
	}
	if d := c.Differences[0]; d.Paired || d.Mixed != nil || !d.Cross.Drawn || !reflect.DeepEqual(d.Cross.Seeds, []int{2, 2}) {
		t.Errorf("%+v", d)
	}
}

func TestCompare_WhatWasAskedInAnotherWayIsRefusedUnlessAllowed(t *testing.T) {
	llm, words := recorded(t), recorded(t)
	llm.Units[3].LLM, words.Units[3].Wording = "another", "ff"
	for _, c := range []struct {
		e     *Experiment
		allow Options
	}{{llm, Options{OtherLLM: true}}, {words, Options{OtherWording: true}}} {
		if _, err := Compare(c.e, Options{}); !errors.Is(err, ErrOther) || !strings.Contains(err.Error(), "half, seed") {
			t.Errorf("refused with %v", err)
		}
		if _, err := Compare(c.e, c.allow); err != nil {
			t.Error(err)
		}
	}
}

func TestCompare_QuestionThatOneDidNotAnswerIsNamed(t *testing.T) {
	e := recorded(t)
	item := e.Rows[len(e.Rows)-1].Item
	var rows []Row
	for _, r := range e.Rows {
		if r.Item != item || r.Variant != "half" || r.Seed != 2 {
			rows = append(rows, r)
		}
	}
	e.Rows = rows
	if _, err := Compare(e, Options{}); !errors.Is(err, ErrItems) || !strings.Contains(err.Error(), item) {
		t.Errorf("%v does not name %s", err, item)
	}
}

func TestCompare_NothingIsLeftOut(t *testing.T) {
	e := recorded(t)
	e.Variants = append(e.Variants, Variant{Name: "diverges"})
	e.Units = append(e.Units, Unit{Variant: "diverges", Seed: 1, Failed: "dp diverged"})
	for i := range e.Rows {
		switch r := &e.Rows[i]; {
		case r.Item == e.Questions[0].Item:
			r.Scored = false
		case r.Item == e.Questions[1].Item && r.System == "slm":
			r.Correct, r.Reason = false, "refused"
		}
	}
	c, err := Compare(e, Options{Systems: []string{"slm", "rag1"}, Show: 1, Wanted: .03, At: "tokens"})
	if err != nil {
		t.Fatal(err)
	}
	if c.Unscored != 1 || c.NoAnswer != 4 || len(c.Failed) != 1 || c.Differences[0].Cross.Items != len(e.Questions)-1 {
		t.Errorf("%d unscored, %d without an answer, failed %v, %d items", c.Unscored, c.NoAnswer, c.Failed, c.Differences[0].Cross.Items)
	}
	notes := strings.Join(c.Notes, "\n")
	for _, want := range []string{"diverges, seed 1 failed: dp diverged", "1 of 16 questions are in no accuracy", "4 answers are missing", "half is not compared under rag1", "not equal: tokens"} {
		if !strings.Contains(notes, want) {
			t.Errorf("no note %q in\n%s", want, notes)
		}
	}
	for _, form := range grid.Forms {
		if text := grid.Render(form, c.Tables(), c.Notes); !strings.Contains(text, "diverged") || !strings.Contains(text, "half") {
			t.Errorf("%s: %s", form, text)
		}
	}
	if len(c.Equal) == 0 || len(c.Differences[0].Differ) != 1 {
		t.Errorf("equal cost %v, differ %v", c.Equal, c.Differences[0].Differ)
	}
}

func TestCurve_ValueAtACostLiesBetweenItsPoints(t *testing.T) {
	c := golden().Units[0].Curves[0]
	for cost, want := range map[float64]float64{1000: 3.5, 1500: 3.25, 2000: 3} {
		if got, ok := c.at("tokens", cost); !ok || got != want {
			t.Errorf("at %v: %v", cost, got)
		}
	}
	for _, outside := range []float64{999, 2001} {
		if _, ok := c.at("tokens", outside); ok {
			t.Errorf("a value at %v", outside)
		}
	}
}
