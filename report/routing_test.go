package report

import (
	"bytes"
	"strings"
	"testing"

	"slm/result"
)

// routedSummary is a summary whose questions were routed.
func routedSummary() *result.Summary {
	at := func(v float64) result.Range { return result.Range{Value: v, Low: v - .05, High: v + .05} }
	fig := func(v float64) *float64 { return &v }
	apgr, share, harm := at(.71), at(.4), at(.0)
	return &result.Summary{V: result.Version, Items: 100, Systems: []result.System{{System: "llm", Accuracy: .3}, {System: "auto", Accuracy: .98}}, Routing: &result.Routing{
		Target: "quality 99 %", Unit: "calls", Best: "cite", Weak: "slm", Dev: &result.Routed{Questions: 200},
		Test: &result.Routed{
			Questions: 100, Quality: at(.98), Calls: at(.4), Share: &share, Lost: at(.01), Harm: &harm, APGR: &apgr, CPT50: fig(.12), Random: .93, Oracle: at(1), OracleUse: .1, ECE: .034, Brier: .06,
			Bins:    []result.Bin{{Cases: 10, Mean: .3, Right: .2}, {}, {Cases: 90, Mean: .9, Right: .95}},
			Systems: []result.Choice{{System: "slm", Quality: at(.9), Taken: 60, AUROC: fig(.8), ECE: .02}, {System: "cite", Quality: at(.99), Calls: 1, Taken: 40}},
			Curve:   []result.Traded{{Quality: at(.99), Calls: 1}, {Worth: .1, Quality: at(.98), Calls: .4}, {Worth: 2, Quality: at(.9)}},
		},
	}}
}

func TestRouting_TableAndPageSayWhatItComesTo(t *testing.T) {
	s := routedSummary()
	table := strings.Join(strings.Fields(Table(s)), " ")
	for _, want := range []string{
		"Routing to quality 99 %, chosen on 200 development questions, over 100 test questions: 98 % right", "with 0.40 calls of the LLM for a question, 40 % of cite's",
		"APGR; by chance .50): .71 (.66 – .76); half of the gap with 12 %", "expected calibration error .034", "slm 90 %", "cite 99 %",
	} {
		if !strings.Contains(table, want) {
			t.Errorf("no %q in\n%s", want, Table(s))
		}
	}
	var page bytes.Buffer
	if err := Render(&page, &Run{Name: "x", Summary: s}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`id="routing"`, "Quality over cost", "band-a", "Share right against probability"} {
		if !strings.Contains(page.String(), want) {
			t.Errorf("the page has no %q", want)
		}
	}
	s.Routing = nil
	page.Reset()
	if err := Render(&page, &Run{Name: "x", Summary: s}); err != nil || strings.Contains(page.String(), `id="routing"`) || strings.Contains(Table(s), "Routing") {
		t.Errorf("what was not routed is told, %v", err)
	}
}
