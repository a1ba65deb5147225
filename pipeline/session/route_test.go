package session

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"testing"

	"slm/pipeline/audit"
	"slm/pipeline/runtest"
	"slm/result"
	"slm/stages"
	"slm/stages/route"
	"slm/stages/systems"
)

func TestRoute_EvaluationFitsARouterThatAnswersByPrice(t *testing.T) {
	r, err := runtest.Load("data.corpus.only=[Apache-2.0, MPL-2.0, EPL-2.0, CDDL-1.0, GPL-3.0, LGPL-2.1, OSL-3.0]", "data.exam.split.dev=60%", "eval.items=12", "eval.route.target=calls 0.5", "eval.route.questions=48")
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	folder, err := runtest.Train(ctx, r, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	sum, rows, err := result.Read(filepath.Join(folder, stages.Eval))
	if err != nil || sum.Routing == nil || sum.Routing.Dev == nil || sum.Routing.Test == nil {
		t.Fatalf("%+v, %v", sum, err)
	}
	router, err := route.Read(filepath.Join(folder, stages.Eval))
	if err != nil || sum.Routing.Dev.Questions != router.Questions || sum.Routing.Test.Questions != 12 {
		t.Fatalf("%+v, %v", router, err)
	}
	if got := sum.Routing.Dev; got.Calls.Value > .5 || got.Quality.Value < got.Random-.1 {
		t.Errorf("%+v", got)
	}
	right, calls := 0, 0 // of auto, which is routed: the table and the routing say the same
	for _, row := range rows {
		if row.System == systems.Auto {
			calls += int(row.Calls)
			if row.Correct {
				right++
			}
		}
	}
	if got := sum.Routing.Test; got.Quality.Value*12 != float64(right) || got.Calls.Value*12 != float64(calls) {
		t.Errorf("auto has %d right with %d calls, the routing says %+v, %+v", right, calls, got.Quality, got.Calls)
	}
	if v, err := audit.Verify(folder); err != nil || !v.OK {
		t.Errorf("%+v, %v", v, err)
	}

	s := use(t, folder, false)
	defer func() { _ = s.Close() }()
	ask := func(target, system string) (*Answer, error) {
		return s.Ask(ctx, Question{Text: "What does section 2 of the MPL-2.0 license say?", Choices: []string{"License Grants", "Nothing at all"}, Route: target, System: system})
	}
	free, err := ask("calls 0", "")
	if err != nil || free.System != systems.Auto || free.Route != "slm" || free.Used.Calls != 0 || free.LLM != "" || free.Choice == nil || free.Sure == nil {
		t.Errorf("without a call: %+v, %v", free, err)
	}
	dear, err := ask("quality 100 %", systems.Auto)
	if err != nil || dear.Route == "" || dear.Reply == "" {
		t.Errorf("at any price: %+v, %v", dear, err)
	}
	words, err := s.Ask(ctx, Question{Text: "What does section 2 of the MPL-2.0 license say?", Silent: true, Route: "calls 0", System: systems.Auto})
	if err != nil || words.Route != "" || router.Free {
		t.Errorf("of a question in words the router has seen none: %+v, %v", words, err)
	}
	for _, c := range [][2]string{{"usd 1", systems.Auto}, {"soon", systems.Auto}, {"calls 1", "rag3"}} {
		if _, err := ask(c[0], c[1]); !errors.Is(err, ErrRoute) || !errors.Is(err, systems.ErrUnavailable) {
			t.Errorf("%v: %v", c, err)
		}
	}
	plain := use(t, runtest.Tiny(t), false)
	defer func() { _ = plain.Close() }()
	if _, err := plain.Ask(ctx, Question{Text: "Why?", System: systems.Auto, Route: "calls 1"}); !errors.Is(err, ErrRoute) {
		t.Errorf("a run without a router: %v", err)
	}
	if names, usual, err := s.Systems(ctx); err != nil || usual != systems.Auto || !slices.Contains(names, systems.Auto) {
		t.Error(names, usual, err)
	}
}
