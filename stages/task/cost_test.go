package task

import (
	"context"
	"fmt"
	"math"
	"strings"
	"testing"

	"slm/data/exam"
	"slm/data/gocode"
	"slm/data/taskrow"
	"slm/model"
	"slm/stages"
	"slm/stages/stagetest"
)

func TestCost_OfCodeCountsWhatIsWrittenAndAsked(t *testing.T) {
	m := &coded{cfg: CodeConfig{Tokens: 50, Twin: true, LLM: 2}, of: map[string]gocode.Func{}}
	m.held = []taskrow.Row{{ID: "dev", Split: exam.Dev}}
	for i, pkg := range []string{"a", "a", "b"} {
		id := fmt.Sprint(i)
		m.held = append(m.held, taskrow.Row{ID: id, Text: strings.Repeat("x", 30), Split: exam.Test})
		m.of[id] = gocode.Func{ID: id, Package: pkg}
	}
	var notes []string
	c := &stages.Calibration{Rates: &stages.Rates{Token: 0.01}, Note: func(format string, args ...any) { notes = append(notes, fmt.Sprintf(format, args...)) }}
	got := m.cost(c)
	if math.Abs(got.Seconds-2*3*50*0.01) > 1e-9 || got.Calls != 2 || got.Questions != 2 || got.LLMTokens != 2*(10+50) {
		t.Errorf("%+v", got)
	}
	if all := strings.Join(notes, "\n"); !strings.Contains(all, "writes 2 bodies") || !strings.Contains(all, "up to 19 programs") { // 2 packages, 5 bodies of 3 functions, 2 of the black box
		t.Errorf("%q", notes)
	}
	notes, m.cfg.Twin, m.cfg.LLM = nil, false, 0
	if got := m.cost(c); math.Abs(got.Seconds-3*50*0.01) > 1e-9 || got.Calls != 0 || len(notes) != 1 || !strings.Contains(notes[0], "up to 14 programs") {
		t.Errorf("%+v, %q", got, notes)
	}
}

func TestCost_ATwinIsTrainedAsLongAgain(t *testing.T) {
	cfg, from := briefCode(t)
	dom := stagetest.Open(t, newDomain(t))
	c := &stages.Calibration{
		Env: stagetest.Env(t), Domain: dom, Model: model.New(stagetest.Shape(dom), 7), Rates: &stages.Rates{}, Note: func(string, ...any) {},
		Time: func(_ context.Context, f func() error) (float64, error) { return 1, f() },
		Once: func(f func() error) (float64, error) { return 0, f() },
	}
	got := map[bool]stages.Cost{}
	for _, twin := range []bool{false, true} {
		var err error
		cfg.Code.Twin = twin
		if got[twin], err = New(cfg, from).cost(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	if one, two := got[false], got[true]; one.Tokens == 0 || two.Tokens != 2*one.Tokens || two.FLOPs != 2*one.FLOPs || two.Seconds != 2*one.Seconds {
		t.Errorf("%+v, and with a twin %+v", one, two)
	}
}
