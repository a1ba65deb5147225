package main

import (
	"strings"
	"testing"
	"time"

	"slm/pipeline/audit"
	"slm/pipeline/rundir"
	"slm/result"
)

func TestShowRuns_LinesFitTheTerminal(t *testing.T) {
	figure := func(system string, x float64) *audit.Figure {
		return &audit.Figure{System: system, Range: result.Range{Value: x}}
	}
	runs := []audit.Listed{
		{Entry: rundir.Entry{Name: "docs-1f0c9a2b"}, Bytes: 66_800_000, Last: "2026-11-26T10:00:00Z", Scores: []audit.Score{
			{Learned: result.Yes, Best: figure("bridge", 1), Method: figure("blade", .889)}, {Exam: "asked", Learned: result.No, Best: figure("hybrid3", .8)}}},
		{Entry: rundir.Entry{Name: "docs-77aa01cd", Missing: []string{"kit"}}, Bytes: 950, Last: "2026-11-29T10:00:00Z", Before: "docs-1f0c9a2b", Changes: []audit.KeyDiff{
			{Key: "stages.dp.tokens", A: "2000000", B: "3000000"}, {Key: "llm.url", B: `"http://127.0.0.1:8080/a-very-long-path/v1"`}, {Key: "seed"}, {Key: "x"}, {Key: "y"}}},
		{Entry: rundir.Entry{Name: "docs-c", Damaged: "recipe.yaml is missing"}, Unread: []string{"summary\nmore"}, Before: "docs-77aa01cd"},
	}
	for columns, want := range map[int]string{
		0: `
RUN            STATE      LEARNED  BEST             METHOD      SIZE     AGE
docs-1f0c9a2b  finished   yes      bridge 100.0 %   88.9 %    66.8MB      3d
                 asked    no       hybrid3 80.0 %
docs-77aa01cd  next: kit                                        950B   2h00m
    since docs-1f0c9a2b: stages.dp.tokens 2M → 3M, llm.url (not set) → http://127.0.0.1:8080/a-very-lo…, +3
docs-c         damaged                                            0B
    damaged: recipe.yaml is missing
    cannot be read: summary
    since docs-77aa01cd: the same recipe
`,
		70: `
RUN
  STATE      LEARNED  BEST             METHOD      SIZE     AGE
docs-1f0c9a2b
  finished   yes      bridge 100.0 %   88.9 %    66.8MB      3d
    asked    no       hybrid3 80.0 %
docs-77aa01cd
  next: kit                                        950B   2h00m
    since docs-1f0c9a2b: stages.dp.tokens 2M → 3M, llm.url (not set) →
    http://127.0.0.1:8080/a-very-lo…, +3
docs-c
  damaged                                            0B
    damaged: recipe.yaml is missing
    cannot be read: summary
    since docs-77aa01cd: the same recipe
`,
	} {
		var b strings.Builder
		showRuns(&b, runs, time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC), columns)
		if got := "\n" + b.String(); got != want {
			t.Errorf("%d columns:%s", columns, got)
		}
	}
}

func TestShowScores_SaysWhatCanBeSaidOfTwoRuns(t *testing.T) {
	score := func(questions int, best string, value float64) *audit.Score {
		return &audit.Score{Questions: questions, Measure: result.ByAccuracy, Learned: result.Partly, Best: &audit.Figure{System: best, Range: result.Range{Value: value}}}
	}
	for want, d := range map[string]audit.ScoreDiff{
		"scores  9 questions, by accuracy: partly learned → partly learned\n        best    rag3 50.0 % → rag1 60.0 %: +10.0 points, 95 % interval -5.0 to +25.0\n": {
			A: score(9, "rag3", .5), B: score(9, "rag1", .6), Same: true, Best: &audit.Paired{Range: result.Range{Value: .1, Low: -.05, High: .25}}},
		"scores  9 questions, by accuracy: partly learned → partly learned\n        best    rag3 50.0 % → rag3 50.0 % (the same questions right)\n": {
			A: score(9, "rag3", .5), B: score(9, "rag3", .5), Same: true, Best: &audit.Paired{P: 1}},
		"scores  9 → 8 questions asked, by accuracy: partly learned → partly learned\n        best    rag3 50.0 % → rag3 60.0 % (not the same questions)\n": {
			Exam: "asked", A: score(9, "rag3", .5), B: score(8, "rag3", .6)},
		"scores  8 questions: only the second run was asked\n": {B: score(8, "rag3", .6)},
	} {
		var b strings.Builder
		showDiff(&b, &audit.Diff{Scores: []audit.ScoreDiff{d}})
		if b.String() != want {
			t.Errorf("%s, want\n%s", b.String(), want)
		}
	}
}
