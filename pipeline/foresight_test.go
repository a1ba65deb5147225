package pipeline

import (
	"context"
	"math"
	"slices"
	"testing"
	"time"

	"slm/stages"
)

func TestForesight_AddsWhatTheStagesToComeTake(t *testing.T) {
	now := time.Unix(1000, 0)
	f := &foresight{now: func() time.Time { return now }, expected: map[string]float64{stages.Data: 1, stages.DP: 100, stages.KIT: 50, stages.Eval: 60}}
	left := func(after float64, e stages.Event) float64 {
		t.Helper()
		now = now.Add(time.Duration(after * float64(time.Second)))
		e.Type = "step"
		f.mark(&e)
		return e.Left
	}
	is := func(what string, got, want float64) {
		t.Helper()
		if math.Abs(got-want) > 1e-6 {
			t.Errorf("%s: %v seconds are left, want %v", what, got, want)
		}
	}

	f.begin(stages.DP, []string{stages.KIT, stages.Eval})
	is("a part that says nothing of the rest", left(10, stages.Event{Stage: stages.DP, Phase: "encoder", Step: 5, Of: 10}), 90+110)
	is("by its pace", left(60, stages.Event{Stage: stages.DP, Phase: "encoder", Step: 6, Of: 10}), 240+110)
	is("the stage says it", left(10, stages.Event{Stage: stages.DP, Step: 1, Of: 10, ETA: 90}), 90+110)
	is("an event of another stage", left(0, stages.Event{Stage: stages.KIT, Step: 1, Of: 10, ETA: 90}), 0)
	now = now.Add(120 * time.Second)
	f.end() // after 200 seconds, twice as long as expected

	f.begin(stages.KIT, []string{stages.Eval})
	is("what comes takes twice as long too", left(20, stages.Event{Stage: stages.KIT, Phase: "filter", Step: 8, Of: 8}), 80+120)
	f.end() // 220 instead of 150

	f.begin(stages.Eval, nil)
	is("the last stage", left(1, stages.Event{Stage: stages.Eval, Phase: "rag1", Step: 32, Of: 320, ETA: 9, Whole: true}), 9)

	f.begin(stages.DP, []string{stages.Find})
	is("a stage to come of which nothing is known", left(1, stages.Event{Stage: stages.DP, Step: 1, Of: 10, ETA: 9}), 0)
}

func TestForesight_OneShortStageStretchesNothing(t *testing.T) {
	now := time.Unix(1000, 0)
	f := &foresight{now: func() time.Time { return now }, expected: map[string]float64{stages.Data: 1, stages.DP: 100}}
	f.begin(stages.Data, []string{stages.DP})
	now = now.Add(9 * time.Second)
	f.end()
	if got := f.stretch(); got != 1 {
		t.Errorf("by %v", got)
	}
}

// seen are the events of a run.
type seen []stages.Event

func (s *seen) Event(e stages.Event) { *s = append(*s, e) }
func (*seen) Close()                 {}

func TestExecute_ForeseesOnceWhatNothingIsKnownOf(t *testing.T) {
	dir, asked := t.TempDir(), 0
	foresee := func(context.Context) ([]stages.Event, error) {
		asked++
		return []stages.Event{{Type: "estimate", Stage: stages.DP, Seconds: 40}, {Type: "estimate", Stage: stages.KIT, Seconds: 20}}, nil
	}
	run := func(value string, planned ...stages.Event) (events seen) {
		t.Helper()
		job, _ := chain(map[string]string{"dp": value})
		job.Dir, job.ID = dir, value+"23456789abcdef"
		p, err := New(job, Choice{})
		if err == nil && len(planned) > 0 {
			err = p.KeepEstimate(planned)
		}
		if err != nil {
			t.Fatal(err)
		}
		d := deps()
		d.View, d.Foresee = &events, foresee
		if _, err := p.Execute(context.Background(), d); err != nil {
			t.Fatal(err)
		}
		return events
	}
	left := func(events seen, stage string) float64 {
		i := slices.IndexFunc(events, func(e stages.Event) bool { return e.Stage == stage && e.Type == "step" })
		return events[i].Left
	}
	events := run("a") // with a clock that stands, dp was as short as can be told of what follows
	if asked != 1 || left(events, stages.DP) != 40+20 || left(events, stages.KIT) != 20./4 || left(events, stages.Data) != 0 {
		t.Errorf("asked %d times: %+v", asked, events)
	}
	events = run("b", stages.Event{Type: "estimate", Stage: stages.DP, Seconds: 7}, stages.Event{Type: "estimate", Stage: stages.KIT, Seconds: 5})
	if asked != 1 || left(events, stages.DP) != 7+5 {
		t.Errorf("with a plan, asked %d times: %+v", asked, events)
	}
}
