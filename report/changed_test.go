package report

import (
	"strings"
	"testing"

	"slm/stages/bpo"
)

func TestChanges_AreQuestionsWhoseKnowledgeDiffersHeldOutOnesFirst(t *testing.T) {
	rows, items, texts := sampleTrials()
	s := &Search{Trials: rows, Items: items, Texts: texts}
	got, why := s.changed(3)
	if len(got) != 3 || why != "" {
		t.Fatalf("%d changes, %s", len(got), why)
	}
	kinds := map[string]bool{}
	for _, c := range got {
		if c.Before == c.After || !strings.Contains(c.Question, "<check>") || c.Prompt != "trial 31" || c.Before.Text == "" {
			t.Errorf("%+v", c)
		}
		kinds[c.Kind] = true
	}
	if len(kinds) != 2 || !kinds["harmed"] { // z = 0 is right throughout: harmed, or right both times
		t.Errorf("outcomes %v", kinds)
	}
	var same []bpo.TrialRow
	for _, r := range rows {
		if r.Arm != "search" || r.Kind == "zero" {
			for i := range r.Text {
				r.Text[i] = "one place:"
			}
			same = append(same, r)
		}
	}
	s.Trials = same
	if got, why := s.changed(3); len(got) != 0 || !strings.Contains(why, "nothing") {
		t.Errorf("nothing differs: %v, %s", got, why)
	}
	if got, why := (&Search{}).changed(3); len(got) != 0 || why == "" {
		t.Errorf("no search: %v, %s", got, why)
	}
}

func TestRepeats_SpreadGoesFromTheWorstToTheBest(t *testing.T) {
	one := &arm{asked: 30, best: []point{{0, 0}, {10, 1}, {20, 3}}}
	two := &arm{asked: 40, best: []point{{0, 0}, {15, 2}}}
	line, band := spread([]*arm{one, two})
	if first, last := line[0], line[len(line)-1]; first != (point{0, 0}) || last != (point{40, 2.5}) {
		t.Errorf("median %v", line)
	}
	if n := len(band.points); n != len(band.lower) || band.points[n-1] != (point{40, 3}) || band.lower[n-1] != (point{40, 2}) {
		t.Errorf("band %v over %v", band.points, band.lower)
	}
	for i := range band.points {
		if band.points[i].x != band.lower[i].x || band.points[i].y < band.lower[i].y {
			t.Errorf("the band's edges cross at %v and %v", band.points[i], band.lower[i])
		}
	}
}
