package report

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"slm/result"
	"slm/stages/systems"
)

func TestTable_FitsTheTerminalAndLosesNoSystem(t *testing.T) {
	s := sampleSummary(144)
	s.Systems[2].Tokens, s.Systems[2].Calls = 123_456_789, 1_234_567
	table := Table(s)
	for _, line := range strings.Split(table, "\n") {
		if n := len([]rune(line)); n > 100 {
			t.Errorf("%d columns: %s", n, line)
		}
		if strings.ContainsAny(line, nbsp+"\u202f") {
			t.Errorf("a special space in: %s", line)
		}
	}
	for _, name := range systems.Usual() {
		if !strings.Contains(table, "\n"+name+" ") {
			t.Errorf("no line for %s", name)
		}
	}
	for _, want := range []string{"no improvement", "86 %", "< .001", "129 of 144"} {
		if has := strings.Contains(strings.ToLower(table), want); has != (want != "no improvement") {
			t.Errorf("%q in the table: %v\n%s", want, has, table)
		}
	}
}

func TestTable_QuestionsWithoutAnAnswerHaveAColumnWhereThereAreAny(t *testing.T) {
	s := sampleSummary(144)
	if strings.Contains(Table(s), "no answer") {
		t.Error("a column for nothing")
	}
	s.Systems[0].NoAnswer = map[string]int{"unfinished": 3, "refused": 1}
	table := Table(s)
	for _, want := range []string{"  no answer\n", "1 refused, 3 unfinished\n", "  0\n"} {
		if !strings.Contains(table, want) {
			t.Errorf("%q is not in the table:\n%s", want, table)
		}
	}
}

func TestVerdict_IntervalThatHoldsZeroIsCalledNoImprovement(t *testing.T) {
	for _, c := range []struct {
		low, high float64
		want      string
	}{{-.02, .09, "No improvement shown"}, {0, .1, "No improvement shown"}, {.01, .1, "answers 86"}, {-.2, -.1, "worse"}} {
		s := sampleSummary(144)
		s.Comparisons[0].Low, s.Comparisons[0].High = c.low, c.high
		if got := Headline(s); !strings.Contains(got, c.want) {
			t.Errorf("interval %v to %v: %s", c.low, c.high, got)
		}
		if f := Findings(s)[0]; (f.Mark == "yes") != (c.low > 0) {
			t.Errorf("interval %v to %v: the gain is marked %q", c.low, c.high, f.Mark)
		}
	}
}

func TestHeadline_SpeaksOfTheLastStageThatWasRun(t *testing.T) {
	without := func(names ...string) *result.Summary {
		s := sampleSummary(144)
		s.Systems = slices.DeleteFunc(s.Systems, func(sys result.System) bool { return slices.Contains(names, sys.System) })
		s.Comparisons = slices.DeleteFunc(s.Comparisons, func(c result.Comparison) bool {
			return slices.Contains(names, c.System) || slices.Contains(names, c.Over)
		})
		return s
	}
	s := without("blade", "rft")
	z0, _ := s.Find("blade-z0")
	if got := Headline(s); !strings.Contains(got, "answers "+percent(z0.Accuracy)) {
		t.Errorf("by McNemar's test, without an interval: %s", got)
	}
	s.Comparisons = append(s.Comparisons, result.Comparison{System: "blade-z0", Over: "llm", Low: -.01, High: .3})
	if got := Headline(s); !strings.Contains(got, "No improvement shown") {
		t.Errorf("the interval holds 0: %s", got)
	}
	s = without("blade", "rft")
	for i := range s.Systems {
		s.Systems[i].McNemarP = nil
	}
	if got := Headline(s); !strings.Contains(got, "No improvement shown") {
		t.Errorf("with neither interval nor test: %s", got)
	}
	if got := Headline(without("blade", "rft", "blade-z0", "dp")); !strings.Contains(got, "the method itself was not among them") {
		t.Errorf("without the method: %s", got)
	}
}

func TestVerdict_ControlThatHelpsIsAWarning(t *testing.T) {
	s := sampleSummary(144)
	for i, c := range s.Comparisons {
		if c.System == "shuffled" {
			s.Comparisons[i].Low, s.Comparisons[i].High = .02, .2
		}
	}
	for _, f := range Findings(s) {
		if strings.HasPrefix(f.Subject, "Control") && f.Mark != "warn" {
			t.Errorf("%+v", f)
		}
	}
}

func TestExamples_ShowFailuresInTheirShare(t *testing.T) {
	s, rows := sampleSummary(144), sampleRows(144)
	ex := examples(s, rows, 10)
	kinds := map[string]int{}
	for _, e := range ex {
		kinds[e.Kind]++
	}
	if len(ex) != 10 || kinds["harmed"] == 0 || kinds["still wrong"] == 0 || kinds["lifted"] < 4 {
		t.Errorf("%d examples: %v", len(ex), kinds)
	}
	if got := len(examples(s, rows[:3*len(s.Systems)], 10)); got != 3 {
		t.Errorf("%d examples of 3 items", got)
	}
}

func TestEvents_TimeBetweenSittingsBelongsToNoStage(t *testing.T) {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	at := func(s int) string {
		return `"t":"` + start.Add(time.Duration(s)*time.Second).Format(time.RFC3339Nano) + `"`
	}
	lines := []string{
		`{` + at(0) + `,"type":"stage","stage":"dp","phase":"run"}`, `{` + at(100) + `,"type":"step","stage":"dp"}`, `{` + at(103) + `,"type":"step","sta`,
		`{` + at(1000) + `,"type":"stage","stage":"data","phase":"reuse"}`, `{` + at(1001) + `,"type":"stage","stage":"dp","phase":"resume"}`,
		`{` + at(1011) + `,"type":"checkpoint","stage":"dp"}`, `{` + at(1011) + `,"type":"exit"}`,
		`{` + at(2000) + `,"type":"stage","stage":"kit","phase":"run"}`, `{` + at(2005) + `,"type":"checkpoint","stage":"kit"}`, `{` + at(2005) + `,"type":"exit"}`,
		`{` + at(3000) + `,"type":"stage","stage":"kit","phase":"run"}`, `{` + at(3002) + `,"type":"checkpoint","stage":"kit"}`,
	}
	path := t.TempDir() + "/events.jsonl"
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")), 0o644); err != nil {
		t.Fatal(err)
	}
	got, err := secondsByStage(path)
	if err != nil {
		t.Fatal(err)
	}
	if got["dp"] != 110 || got["kit"] != 2 || got["data"] != 0 {
		t.Errorf("%v", got)
	}
}
