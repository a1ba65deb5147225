package pipeline_test

import (
	"strings"
	"testing"

	"slm/pipeline/runtest"
	"slm/stages"
)

// counted keeps the last count of each part of a stage.
type counted map[string][2]int

func (c counted) Event(e stages.Event) {
	if e.Of == 0 || e.Type == "checkpoint" {
		return
	}
	part := e.Stage + " " + e.Phase
	if e.Stage == stages.Eval || e.Stage == stages.BPO && !strings.HasSuffix(e.Phase, ", questions") {
		part = e.Stage // an evaluation counts its answers through, whatever system gives them, and the search its trials through, of whatever kind they are
	}
	c[part] = [2]int{e.Step, e.Of}
}

func (counted) Close() {}

func TestExecute_EveryCountEndsAtItsWhole(t *testing.T) {
	r, err := runtest.Load("stages.bpo.trials=3", "stages.bpo.items.ladder=[3,5]")
	if err != nil {
		t.Fatal(err)
	}
	p, deps, err := runtest.Prepare(r, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	last := counted{}
	deps.View = last
	if _, err := p.Execute(t.Context(), deps); err != nil {
		t.Fatal(err)
	}
	if err := deps.Box.Close(); err != nil {
		t.Fatal(err)
	}
	for part, n := range last {
		if n[0] != n[1] {
			t.Errorf("%s ends at %d of %d", part, n[0], n[1])
		}
	}
	if len(last) < 10 {
		t.Errorf("only these count: %v", last)
	}
}
