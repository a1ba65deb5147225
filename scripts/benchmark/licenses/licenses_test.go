package licenses

import (
	"strings"
	"testing"

	"slm/data/corpus/read"
	"slm/stages/task"
)

// text is that of a licence.
func text(t *testing.T, title string) string {
	t.Helper()
	texts, err := read.Licenses([]string{title})
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for doc, err := range texts {
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range doc.Blocks {
			out.WriteString(b.Text + "\n")
		}
	}
	return out.String()
}

func TestMeasure_WholeLicencesAreNamedAndFragmentsBelowALowLimitAlone(t *testing.T) {
	words := strings.Fields(text(t, "Zlib"))
	rows := []task.Answer{
		{ID: "mit", Label: "MIT", Text: text(t, "MIT")},
		{ID: "isc", Label: "ISC", Text: text(t, "ISC")},
		{ID: "half", Label: "Zlib", Text: strings.Join(words[len(words)/4:3*len(words)/4], " ")},
		{ID: "recipe", Label: "", Text: "Beat three eggs with the sugar until the mixture is pale, then fold in the flour and bake it for half an hour."},
	}
	labels := []string{"MIT", "ISC", "Zlib"}
	for limit, want := range map[float64]result{0.8: {Named: 2, Labelled: 2.0 / 3}, 0.3: {Named: 3, Labelled: 1}} {
		r, err := measure(labels, rows, limit)
		if err != nil || r.Rows != 4 || r.Named != want.Named || r.Labelled != want.Labelled || r.Right.Value != float64(want.Named+1)/4 || limit == 0.3 && r.MacroF1.Value != 1 {
			t.Errorf("limit %g: %+v, %v", limit, r, err)
		}
	}
}

func TestMeansOf_IsTheMeanOverRuns(t *testing.T) {
	var a, b result
	a.Threshold, a.Labelled, a.Right.Value, a.MacroF1.Value = 0.5, 0.2, 0.4, 0.6
	b.Threshold, b.Labelled, b.Right.Value, b.MacroF1.Value = 0.5, 0.4, 0.6, 0.7
	m, err := meansOf([]result{a, b})
	if err != nil || m.Runs != 2 || m.Threshold != 0.5 || !near(m.Labelled.Value, 0.3) || !near(m.Right.Value, 0.5) || !near(m.MacroF1.Value, 0.65) || m.Right.Low >= 0.5 || m.Right.High <= 0.5 {
		t.Errorf("%+v, %v", m, err)
	}
}

func near(a, b float64) bool { return a-b < 1e-12 && b-a < 1e-12 }
