package report

import (
	"regexp"
	"strings"
	"testing"

	"slm/result"
)

// twoExams is the sample with a second exam, of questions without options.
func twoExams() *result.Summary {
	s := sampleSummary(144)
	asked := &result.Summary{V: result.Version, Title: "as asked", Items: 40, Unscored: 40, Evidence: 37, LLM: s.LLM, Method: s.Method, Resamples: s.Resamples}
	for _, sys := range s.Systems {
		n := map[string]int{"blade": 4, "rag1": 16, "rag3": 24}[sys.System]
		asked.Systems = append(asked.Systems, result.System{System: sys.System, Evidence: &result.Evidence{First: n / 2, Any: n, Rate: float64(n) / 37, Low: .01, High: .9}})
	}
	asked.Retrieval = []result.Retrieval{{Retriever: "keyword", Questions: 37, Recall1: result.Range{Value: .43, Low: .27, High: .59}, MRR: result.Range{Value: .55}}}
	s.Title, s.Asked = "by number, written by the program", asked
	return s
}

func TestTable_ShowsOneExamAfterTheOther(t *testing.T) {
	table := Table(twoExams())
	first, second, ok := strings.Cut(table, "Questions as asked\n")
	if !ok || !strings.HasPrefix(first, "Questions by number, written by the program\n") || !strings.Contains(first, "accuracy") || strings.Contains(first, "evidence") {
		t.Errorf("%s", table)
	}
	for _, want := range []string{"40 questions, of which evidence alone is scored", "the places of the answers are\nknown of 37", "BM25 top-3 has a right section for 65 % of the\nquestions, the LLM with the small model's text 11 %", "\nrag3           65 %   32 %", "\nkeyword         43 %    27 % – 59 %"} {
		if !strings.Contains(second, want) {
			t.Errorf("%q is not in:\n%s", want, second)
		}
	}
	second, _, _ = strings.Cut(second, "\ndp    ")
	if strings.Contains(second, "accuracy") || strings.Contains(second, "chance") {
		t.Errorf("accuracies of nothing:\n%s", second)
	}
}

func TestTable_FreeAnswersHaveTheirColumns(t *testing.T) {
	s := sampleSummary(20)
	s.Systems[0].Free = &result.Free{Contains: ref(.25), F1: ref(.5)}
	s.Systems[1].Free = &result.Free{F1: ref(.125)}
	s.Judge = &result.Judge{LLM: "judge-1", Replies: 20, Kappa: ref(-.1)}
	table := Table(s)
	for _, want := range []string{"contains", "F1", "judge: judge-1, of 20 replies", "is −0.10"} {
		if !strings.Contains(table, want) {
			t.Errorf("%q is not in:\n%s", want, table)
		}
	}
	if strings.Contains(table, "ROUGE-L") || strings.Contains(table, "judged") {
		t.Errorf("a column of nothing:\n%s", table)
	}
}

func TestRender_NamesOfPartsAreUniqueWithTwoExams(t *testing.T) {
	var page strings.Builder
	if err := Render(&page, &Run{Name: "two", Summary: twoExams()}); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, id := range regexp.MustCompile(` id="([^"]+)"`).FindAllStringSubmatch(page.String(), -1) {
		if seen[id[1]] {
			t.Errorf("%s stands twice", id[1])
		}
		seen[id[1]] = true
	}
	for _, want := range []string{"figures-asked", "systems-asked", "exam-asked"} {
		if !seen[want] {
			t.Errorf("no part %s", want)
		}
	}
	if !strings.Contains(page.String(), "On questions as asked: not known") || !strings.Contains(page.String(), "evidence for 65") {
		t.Error("the second exam is not told of")
	}
}
