package report

import (
	"flag"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	"slm/result"
	"slm/stages/verdict"
)

var update = flag.Bool("update", false, "write the golden files anew")

// row is a system of an invented exam: its right answers, and its questions with a right section.
type row struct {
	system        string
	right, places int
}

// made is an exam of n questions with invented figures, with a verdict. against are differences from the best search in points, with half an interval.
func made(n int, recall [2]int, rows []row, measured *result.Measured, against map[string][2]float64) *result.Summary {
	s := &result.Summary{V: result.Version, Items: n, Evidence: n, Chance: .25, LLM: "box-1b", Method: "paired-bootstrap", Resamples: 10000, Written: true, Measured: measured}
	for _, r := range rows {
		right, there := verdict.Share(r.right, n), verdict.Share(r.places, n)
		sys := result.System{System: r.system, Accuracy: right.Value, Low: right.Low, High: right.High, Correct: r.right,
			Evidence: &result.Evidence{First: r.places, Any: r.places, Rate: there.Value, Low: there.Low, High: there.High}}
		if r.system != "llm" { // of a difference of d questions, about
			sys.McNemarP = ref(math.Min(1, 2*math.Pow(.5, math.Abs(float64(r.right-rows[0].right)))))
		}
		s.Systems = append(s.Systems, sys)
	}
	if recall[0]+recall[1] > 0 || measured != nil {
		s.Recall = []result.Recall{{System: "dp", Items: n, Place: min(n, recall[0]+9), Start: min(n, recall[1]+9)}, {System: "blade", Items: n, Place: recall[0], Start: recall[1], Option: recall[1]}}
	}
	var list []result.Versus
	for _, r := range rows {
		if d, ok := against[r.system]; ok {
			c := result.Versus{Comparison: result.Comparison{System: r.system, Over: verdict.Rival(s), Difference: d[0], Low: d[0] - d[1], High: d[0] + d[1]}}
			if math.Abs(d[0]) <= 1.2*d[1] { // of few questions an interval is too narrow
				c.HolmP = .4
			}
			c.Outcome = verdict.Outcome(c.Comparison)
			list = append(list, c)
		}
	}
	s.Verdict = verdict.Of(s, list)
	return s
}

// verdicts are runs that came to different ends.
func verdicts() []struct {
	name string
	s    *result.Summary
} {
	fell := &result.Loss{Before: 3.98, Last: 3.1}
	rests := &result.Loss{Before: 1.31, Last: 1.29}
	asked := made(15, [2]int{2, 1}, []row{{"llm", 0, 0}, {"blade", 0, 1}, {"rag3", 0, 10}, {"hybrid3", 0, 12}, {"auto", 0, 10}}, nil,
		map[string][2]float64{"blade": {-.73, .2}, "auto": {-.13, .17}})
	asked.Unscored, asked.Title, asked.Written = 15, "as asked", false
	for i := range asked.Verdict.Against {
		asked.Verdict.Against[i].Over = verdict.Rival(asked)
	}
	asked.Verdict = verdict.Of(asked, asked.Verdict.Against)
	both := made(117, [2]int{112, 95}, []row{{"llm", 32, 0}, {"blade", 104, 85}, {"hybrid1", 116, 116}, {"auto", 117, 117}, {"oracle", 117, 117}}, &result.Measured{}, map[string][2]float64{"blade": {-.10, .05}, "auto": {.009, .013}})
	both.Title, both.Asked = "by number, written by the program", asked
	twice := made(80, [2]int{}, []row{{"llm", 24, 0}, {"hybrid3", 60, 62}, {"auto", 72, 75}}, &result.Measured{Sections: 900, Corpus: 124_000}, map[string][2]float64{"auto": {.15, .08}})
	twice.Title, twice.Asked = "by place, written by the program", made(60, [2]int{}, []row{{"llm", 0, 0}, {"hybrid3", 0, 57}, {"auto", 0, 58}}, &result.Measured{Sections: 900, Corpus: 124_000}, nil)
	twice.Asked.Unscored, twice.Asked.Title = 60, "as asked, written by the program from the text by rules"
	twice.Asked.Verdict = verdict.Of(twice.Asked, nil)
	return []struct {
		name string
		s    *result.Summary
	}{
		{"learned, and the small model adds to search", made(80, [2]int{77, 74}, []row{{"llm", 24, 0}, {"blade", 70, 70}, {"rag3", 48, 50}, {"auto", 77, 78}, {"oracle", 79, 80}}, &result.Measured{}, map[string][2]float64{"blade": {.27, .11}, "auto": {.36, .1}})},
		{"learned, and search does as well", both},
		{"learned, and ahead of search by chance", made(23, [2]int{23, 23}, []row{{"llm", 5, 0}, {"blade", 23, 23}, {"rag1", 21, 21}, {"oracle", 23, 23}}, &result.Measured{}, map[string][2]float64{"blade": {.09, .11}})},
		{"learned, and ahead of search before the correction", made(55, [2]int{50, 50}, []row{{"llm", 19, 0}, {"blade", 50, 47}, {"hybrid1", 45, 40}, {"auto", 52, 52}}, &result.Measured{}, map[string][2]float64{"blade": {.09, .11}, "auto": {.127, .11}})},
		{"partly learned, what was trained on is known", made(80, [2]int{40, 38}, []row{{"llm", 24, 0}, {"blade", 44, 38}, {"rag3", 60, 62}, {"oracle", 79, 80}},
			&result.Measured{Parameters: 5_868_800, Tokens: 2_700_000, Corpus: 220_000, Loss: fell, Trained: verdict.Share(62, 64), Named: &result.Named{Questions: 80, Different: 70, Most: 3, Document: 31, Absent: 2, Right: 40}},
			map[string][2]float64{"blade": {-.2, .1}})},
		{"not learned, the loss was still falling", made(80, [2]int{0, 0}, []row{{"llm", 30, 0}, {"blade", 35, 0}, {"rag3", 74, 74}, {"oracle", 79, 80}},
			&result.Measured{Parameters: 5_868_800, Tokens: 400_000, Corpus: 220_000, Loss: fell, Trained: verdict.Share(1, 64), Named: &result.Named{Questions: 80, Different: 3, Most: 70, Absent: 80}},
			map[string][2]float64{"blade": {-.49, .12}})},
		{"not learned, the loss was still falling after many passes", made(80, [2]int{0, 0}, []row{{"llm", 30, 0}, {"blade", 35, 0}, {"rag3", 74, 74}}, &result.Measured{Parameters: 145_000, Tokens: 5_500_000, Corpus: 220_000, Loss: fell, Trained: verdict.Share(3, 64)}, nil)},
		{"not learned, the loss stood still and tuning harmed", made(80, [2]int{3, 2}, []row{{"llm", 30, 0}, {"blade", 31, 2}, {"oracle", 44, 80}},
			&result.Measured{Parameters: 480_000, Tokens: 8_000_000, Corpus: 800_000, Sections: 900, Nameless: 4, Cut: 300, Loss: rests, Trained: verdict.Share(5, 64), Tuning: ref(result.Worse)}, nil)},
		{"not learned, the loss stood still after many passes", made(80, [2]int{3, 2}, []row{{"llm", 30, 0}, {"blade", 31, 2}}, &result.Measured{Parameters: 480_000, Tokens: 20_000_000, Corpus: 800_000, Loss: rests, Trained: verdict.Share(5, 64)}, nil)},
		{"the LLM knows it already", made(200, [2]int{180, 176}, []row{{"llm", 185, 0}, {"blade", 184, 170}, {"rag1", 186, 190}, {"oracle", 187, 200}}, &result.Measured{}, map[string][2]float64{"blade": {-.01, .03}})},
		{"nothing is shown", made(40, [2]int{30, 29}, []row{{"llm", 16, 0}, {"blade", 18, 28}, {"rag1", 17, 30}, {"oracle", 19, 40}}, &result.Measured{}, map[string][2]float64{"blade": {.025, .1}})},
		{"a tiny exam", made(4, [2]int{2, 2}, []row{{"llm", 1, 0}, {"blade", 2, 2}, {"rag1", 3, 3}, {"oracle", 4, 4}}, &result.Measured{}, map[string][2]float64{"blade": {-.25, .5}})},
		{"no search was run", made(80, [2]int{77, 74}, []row{{"llm", 24, 0}, {"blade", 70, 70}, {"oracle", 79, 80}}, &result.Measured{}, nil)},
		{"no small model, search is enough", made(80, [2]int{}, []row{{"llm", 24, 0}, {"rag3", 60, 62}, {"hybrid3", 72, 74}, {"auto", 72, 75}, {"oracle", 79, 80}}, &result.Measured{Sections: 900, Corpus: 124_000},
			map[string][2]float64{"auto": {0, .04}})},
		{"no small model, the gate does better than search", made(80, [2]int{}, []row{{"llm", 24, 0}, {"hybrid3", 60, 62}, {"auto", 72, 75}, {"oracle", 79, 80}}, &result.Measured{Sections: 900, Corpus: 124_000},
			map[string][2]float64{"auto": {.15, .08}})},
		{"no small model, two exams", twice},
		{"no recall", made(80, [2]int{}, []row{{"llm", 24, 0}, {"blade", 70, 70}, {"rag1", 79, 80}}, nil, nil)},
	}
}

func TestOpening_WordsOfEachVerdict(t *testing.T) {
	var b strings.Builder
	for _, c := range verdicts() {
		fmt.Fprintf(&b, "== %s\n%s\n", c.name, plain(wrap(Headline(c.s), 80)))
		for _, exam := range c.s.Exams() {
			if exam.Title != "" {
				fmt.Fprintf(&b, "-- questions %s\n", exam.Title)
			}
			for _, line := range Opening(exam) {
				b.WriteString(plain(wrap(line, 80)))
			}
			for _, line := range helps(exam) {
				b.WriteString(plain(bullet(line, 80)))
			}
			for _, f := range Findings(exam) {
				b.WriteString(plain(bullet(fmt.Sprintf("[%s] %s: %s", f.Mark, f.Subject, f.Text), 80)))
			}
		}
	}
	const golden = "testdata/verdicts.txt"
	if *update {
		if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if b.String() != string(want) {
		t.Errorf("%s has other words (-update writes it anew):\n%s", golden, b.String())
	}
}

func TestFindings_NothingIsGreenThatHasNotBeenLearned(t *testing.T) {
	s := sampleSummary(144)
	for i := range s.Recall {
		s.Recall[i].Place, s.Recall[i].Start = 3, 2
	}
	if v := verdict.Of(s, nil); v.Learned != result.No {
		t.Fatalf("%+v", v)
	}
	for _, f := range Findings(s) {
		if f.Mark == "yes" {
			t.Errorf("%+v", f)
		}
	}
	if f := about(t, s, "Against the LLM alone"); !strings.Contains(f.Text, "not what it knows") {
		t.Errorf("%+v", f)
	}
}

// A resampled share of questions that are all answered right lies between 100 % and 100 %, which says nothing of so few.
func TestHelpLine_FigureOfEqualOutcomesHasAWidth(t *testing.T) {
	s := made(8, [2]int{8, 8}, []row{{"llm", 2, 0}, {"blade", 8, 8}, {"rag1", 8, 8}, {"oracle", 8, 8}}, &result.Measured{}, nil)
	for i := range s.Systems {
		s.Systems[i].Low, s.Systems[i].High = s.Systems[i].Accuracy, s.Systems[i].Accuracy
	}
	if line := helpLine(s, s.Verdict, nil, result.LargerExam); !strings.Contains(line, "between 68") {
		t.Error(line)
	}
}
