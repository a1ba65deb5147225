package report

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
)

func study() *Study {
	held := func(x float64) *float64 { return &x }
	p := 0.012
	curve := []Curve{{Stage: "dp", Metrics: []Metric{{Step: 1, Tokens: 100, Loss: 5}, {Step: 2, Tokens: 200, Loss: 4, Heldout: held(3.5)}}}}
	return &Study{
		Name: "e", Recipe: "tiny", Seeds: []uint64{7, 8}, System: "blade",
		Variants: []StudyVariant{
			{Name: "base", Means: "the recipe as it is", Runs: []StudyRun{{Seed: 7, Link: "../../runs/a/report.html", Curves: curve}, {Seed: 8, Curves: curve}}, Accuracy: 0.6, Tokens: 3000, Calls: 50, Seconds: 9},
			{Name: "no-kit", Means: "without <kit>", Runs: []StudyRun{{Seed: 7, Failed: "diverged"}, {Seed: 8}}, Accuracy: 0.5, Tokens: 2000, Calls: 60, Seconds: 10},
			{Name: "no-bpo", Runs: []StudyRun{{Seed: 7}}, Accuracy: math.NaN()},
		},
		Differences: []StudyDifference{{"no-kit", "blade", -0.1, -0.15, -0.05, &p}, {"no-kit", "cite", 0, -0.1, 0.1, nil}},
		Notes:       []string{"one seed failed"},
		Tables:      []StudyTable{{"Accuracy", []string{"variant", "blade"}, 1, [][]string{{"base", "60 %"}}}},
	}
}

func TestRenderStudy_ShowsEveryVariantAndEscapesWhatItIsTold(t *testing.T) {
	var page bytes.Buffer
	if err := RenderStudy(&page, study()); err != nil {
		t.Fatal(err)
	}
	text := page.String()
	for _, want := range []string{
		"Under blade, tiny is better than no-kit; no variant is shown to be better.", "without &lt;kit&gt;", "no result: diverged", `href="../../runs/a/report.html"`,
		"Differences from the recipe: cite", "−10.0 [−15.0, −5.0], p .012", "Tokens of training</b>; on the front: no-kit, base", "Calls of the LLM</b>; on the front: base", `id="variant-no-bpo"`, "one seed failed",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	dec := xml.NewDecoder(strings.NewReader(text[strings.Index(text, "<main>"):strings.Index(text, "</body>")]))
	for {
		if _, err := dec.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if strings.Contains(text, "NaN") || strings.Contains(text, "http://") || strings.Contains(text, "https://") {
		t.Error("the page shows NaN, or reaches for the network")
	}
}

func TestStudy_HeadlineSaysOnlyWhatIntervalsShow(t *testing.T) {
	s, corrected := study(), 0.08
	for _, c := range []struct {
		list []StudyDifference
		want string
	}{
		{nil, "No variant could be compared with the recipe."},
		{[]StudyDifference{{"a", "blade", 0.1, -0.1, 0.2, nil}}, "Under blade no variant is shown to differ from tiny."},
		{[]StudyDifference{{"a", "blade", 0.1, 0.05, 0.2, nil}, {"b", "blade", 0.1, 0.01, 0.2, nil}}, "Under blade, tiny is worse than a and b."},
		{[]StudyDifference{{"a", "blade", 0.1, 0.05, 0.2, &corrected}}, "Under blade no variant is shown to differ from tiny."},
		{[]StudyDifference{{"a", "cite", 0.1, 0.05, 0.2, nil}, {"b", "blade", -0.1, -0.2, -0.01, nil}, {"c", "blade", 0.1, 0.01, 0.2, nil}}, "Under blade, tiny is better than b, and worse than c."},
	} {
		if s.Differences = c.list; s.headline() != c.want {
			t.Errorf("%q, want %q", s.headline(), c.want)
		}
	}
}

func TestPareto_KeepsWhatNoOtherBeatsInBoth(t *testing.T) {
	list := []StudyVariant{{Name: "dear and good", Accuracy: 0.9, Tokens: 9}, {Name: "cheap", Accuracy: 0.5, Tokens: 1}, {Name: "beaten", Accuracy: 0.5, Tokens: 5}, {Name: "as dear", Accuracy: 0.8, Tokens: 9}}
	var names []string
	for _, v := range pareto(list, func(v StudyVariant) float64 { return v.Tokens }) {
		names = append(names, v.Name)
	}
	if got := strings.Join(names, ", "); got != "cheap, dear and good" {
		t.Error(got)
	}
}
