package result

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"slm/checkpoint"
)

func ref[T any](v T) *T { return &v }

// golden is a summary with every kind of field in it.
func golden() *Summary {
	alike := 7
	return &Summary{
		V: Version, Items: 10, Exam: "0f3a", Chance: .25, LLM: "reader", Style: "cloze", Limit: 96, Method: "paired-bootstrap", Resamples: 10000,
		Systems: []System{
			{System: "llm", Accuracy: .3, Low: .1, High: .6, Correct: 3, Calls: 10, Tokens: 1234},
			{System: "blade", Accuracy: .8, Low: .5, High: 1, McNemarP: ref(.0625), Headroom: ref(.75), HeadroomLow: ref(.4), HeadroomHigh: ref(1.), Harm: ref(0.),
				Correct: 8, Verified: 6, ByText: &alike, Calls: 10, Tokens: 2345},
			{System: "oracle", Accuracy: 1, Low: 1, High: 1, McNemarP: ref(.015625), Headroom: ref(1.), Harm: ref(0.), Correct: 10, Verified: 10, ByText: &alike, Calls: 10, Tokens: 2345},
		},
		Comparisons: []Comparison{{System: "blade", Over: "llm", Difference: .5, Low: .2, High: .8, McNemarP: .0625, HolmP: .0625}},
		Recall:      []Recall{{System: "blade", Items: 10, Place: 9, Start: 6, Option: 7}},
		Notes:       []string{"rag1 was not run: there is no corpus to search."},
	}
}

// withVerdict is the summary of a program that judges.
func withVerdict() *Summary {
	s := golden()
	s.Written = true
	share := func(k int) *Share { return &Share{Count: k, Of: 10, Value: float64(k) / 10, Low: .25, High: .75} }
	s.Measured = &Measured{
		Parameters: 1000, Tokens: 5000, Corpus: 2000, Loss: &Loss{Before: 2.5, Last: 1.5, Held: ref(1.75)}, Trained: share(9), Sections: 40, Nameless: 1, Cut: 2,
		Named: &Named{Questions: 10, Different: 5, Most: 3, Absent: 1, Document: 2, Right: 4}, Tuning: ref(Worse),
	}
	s.Verdict = &Verdict{
		Learned: Partly, Model: "blade", Place: share(9), Text: share(6), Measure: ByAccuracy, Best: "rag1", Search: "rag1", Use: "rag1", Help: []Help{MorePasses, LargerExam}, Written: true,
		Against: []Versus{{Comparison{System: "blade", Over: "rag1", Difference: -.25, Low: -.5, High: .125, McNemarP: .25, HolmP: .5}, Neither}},
	}
	return s
}

// The first file is that of a program which did not judge.
func TestSummary_HasItsPublishedForm(t *testing.T) {
	for file, s := range map[string]*Summary{"summary.json": golden(), "verdict.json": withVerdict()} {
		want, err := os.ReadFile(filepath.Join("testdata", file))
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.JSON()
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s has another form; if that is meant, raise Version or write the golden file anew:\n%s", file, got)
		}
		back, err := Parse(bytes.NewReader(want))
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(back, s) {
			t.Errorf("%s: read back it is %+v", file, back)
		}
	}
}

func TestSummary_CutAnywhereIsAnError(t *testing.T) {
	whole, err := golden().JSON()
	if err != nil {
		t.Fatal(err)
	}
	for n := range len(whole) - 1 { // the last byte is a newline
		if _, err := Parse(bytes.NewReader(whole[:n])); err == nil {
			t.Fatalf("the first %d of %d bytes were read as a whole summary", n, len(whole))
		}
	}
}

func TestSummary_NewerOneIsRefused(t *testing.T) {
	if _, err := Parse(strings.NewReader(`{"v":2}`)); !errors.Is(err, ErrNewer) {
		t.Errorf("version 2: %v", err)
	}
	if _, err := Parse(strings.NewReader(`{"items":2}`)); err == nil {
		t.Error("no version was taken for one")
	}
}

func FuzzSummary_AnyTextIsReadOrRefused(f *testing.F) {
	whole, err := golden().JSON()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add([]byte(`{"v":1,"systems":[{"system":"llm"}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := Parse(bytes.NewReader(data))
		if err != nil {
			return
		}
		again, err := s.JSON()
		if err != nil {
			t.Fatal(err)
		}
		if back, err := Parse(bytes.NewReader(again)); err != nil || !reflect.DeepEqual(back.Systems, s.Systems) && len(s.Systems) > 0 {
			t.Errorf("written and read again it is %+v: %v", back, err)
		}
	})
}

func TestItems_ComeBackFromTheirFile(t *testing.T) {
	dir := t.TempDir()
	rows := []Row{
		{Item: "GPL-3.0#4", Section: "GPL-3.0#4", System: "blade", Question: "What?", Place: "GPL-3.0\nSection 4:", Knowledge: "You may convey “copies”", Verified: true,
			Choices: []string{"a", "b"}, Answer: 1, Picked: 1, Correct: true, Margin: .5, Scores: []float64{-2, -1.5}, ByText: 1, PlaceOK: true, StartOK: true, Calls: 1, Tokens: 99},
		{Item: "x", System: "llm", Choices: []string{"a", "b"}, Picked: -1, ByText: -1},
	}
	if err := checkpoint.WriteTable(filepath.Join(dir, ItemsFile), rows, nil); err != nil {
		t.Fatal(err)
	}
	text, err := golden().JSON()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, SummaryFile), text, 0o644); err != nil {
		t.Fatal(err)
	}
	s, back, err := Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	if s.Items != 10 || !reflect.DeepEqual(back, rows) {
		t.Errorf("%+v", back)
	}
}
