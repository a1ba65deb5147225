package report

import (
	"os"
	"slices"
	"strings"
	"testing"

	"slm/internal/grid"
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
	for _, want := range []string{"86 %", "< .001", "129 of 144", "blade-z0     LLM + small model, prompt not tuned"} {
		if has := strings.Contains(table, want); !has {
			t.Errorf("%q is not in the table:\n%s", want, table)
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

func TestFindings_IntervalThatHoldsZeroShowsNothing(t *testing.T) {
	for _, c := range []struct {
		low, high  float64
		mark, want string
	}{{-.02, .09, "no", "no improvement is shown"}, {0, .1, "no", "no improvement is shown"}, {.01, .1, "yes", "answers 86"}, {-.2, -.1, "warn", "answers 86"}} {
		s := sampleSummary(144)
		s.Comparisons[0].Low, s.Comparisons[0].High = c.low, c.high
		f := about(t, s, "Against the LLM alone")
		if f.Mark != c.mark || !strings.Contains(plain(f.Text), c.want) {
			t.Errorf("interval %v to %v: %+v", c.low, c.high, f)
		}
	}
}

// about is the finding about a subject.
func about(t *testing.T, s *result.Summary, subject string) Finding {
	t.Helper()
	list := Findings(s)
	i := slices.IndexFunc(list, func(f Finding) bool { return f.Subject == subject })
	if i < 0 {
		t.Fatalf("nothing is said about %q: %+v", subject, list)
	}
	return list[i]
}

func TestFindings_SpeakOfTheLastStageThatWasRun(t *testing.T) {
	s := sampleSummary(144)
	s.Systems = slices.DeleteFunc(s.Systems, func(sys result.System) bool { return slices.Contains([]string{"blade", "rft"}, sys.System) })
	s.Comparisons = append(s.Comparisons, result.Comparison{System: "blade-z0", Over: "llm", Low: .2, High: .3}, result.Comparison{System: "shuffled", Over: "blade-z0", Low: -.7, High: -.4})
	z0, _ := s.Find("blade-z0")
	for _, subject := range []string{"Against the LLM alone", "Content"} {
		if f := about(t, s, subject); f.Mark != "yes" || !strings.Contains(f.Text, grid.Percent(z0.Accuracy)) {
			t.Errorf("%+v", f)
		}
	}
}

// That the content counts is said of the comparison with text for other questions, and of no other.
func TestFindings_ContentIsComparedWithTextForOtherQuestions(t *testing.T) {
	s := sampleSummary(144)
	with := func(low, high float64) Finding {
		list := slices.Clone(s.Comparisons)
		s.Comparisons = append(slices.DeleteFunc(list, func(c result.Comparison) bool { return c.System == "shuffled" && c.Over == "blade" }),
			result.Comparison{System: "shuffled", Over: "blade", Difference: (low + high) / 2, Low: low, High: high})
		return about(t, s, "Content")
	}
	if f := with(-.7, -.5); f.Mark != "yes" || !strings.Contains(plain(f.Text), "Text made for other questions: 24 %, against 86 % with the text made for the question") {
		t.Errorf("%+v", f)
	}
	if f := with(-.1, .02); f.Mark != "no" || !strings.Contains(f.Text, "not shown that what the text says counts") {
		t.Errorf("%+v", f)
	}
	s.Comparisons = slices.DeleteFunc(s.Comparisons, func(c result.Comparison) bool { return c.System == "shuffled" && c.Over == "blade" })
	for _, f := range Findings(s) {
		if strings.Contains(f.Text, "counts") {
			t.Errorf("without the comparison: %+v", f)
		}
	}
}

func TestFindings_ControlThatHelpsIsAWarning(t *testing.T) {
	s := sampleSummary(144)
	for i, c := range s.Comparisons {
		if c.System == "shuffled" && c.Over == "llm" {
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

// The summary of a program that did not judge is judged by the figures that it has.
func TestTable_OlderSummaryIsJudgedByItsFigures(t *testing.T) {
	f, err := os.Open("../result/testdata/summary.json")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }() // read only
	s, err := result.Parse(f)
	if err != nil {
		t.Fatal(err)
	}
	table := Table(s)
	for _, want := range []string{"Partly learned. The small model names the right section for 9 of 10 questions", "does for\n6 (60 %, 95 % interval 31 % to 83 %)", "No system is shown to be better than reader alone", "The highest figure is 80 %, of the LLM with the"} {
		if !strings.Contains(table, want) {
			t.Errorf("%q is not in:\n%s", want, table)
		}
	}
}
