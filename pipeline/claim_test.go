package pipeline

import (
	"context"
	"slices"
	"strings"
	"testing"

	"slm/stages"
)

// waiting tells when a run waits for another.
type waiting chan string

func (w waiting) Event(e stages.Event) {
	if e.Phase == Wait {
		w <- e.Stage + ": " + e.Message
	}
}
func (waiting) Close() {}

func TestTrain_TwoRunsThatNeedTheSameStageTrainItOnce(t *testing.T) {
	dir := t.TempDir()
	first, made := chain(nil)
	second, others := chain(map[string]string{"kit": "another"})
	first.Dir, second.Dir, second.ID = dir, dir, "fedcba9876543210"
	wait, ended := make(waiting, 1), make(chan *Outcome)
	made["dp"].at = func(step int) error {
		if step != 1 {
			return nil
		}
		go func() {
			defer close(ended)
			p, err := New(second, Choice{})
			if err != nil {
				t.Error(err)
				return
			}
			d := deps()
			d.View = wait
			out, err := p.Execute(context.Background(), d)
			if err != nil {
				t.Error(err)
				return
			}
			ended <- out
		}()
		if said := <-wait; !strings.HasPrefix(said, "dp: ") || !strings.Contains(said, "process ") {
			t.Errorf("the second run says %q", said)
		}
		return nil
	}
	must(t, first, Choice{})
	out := <-ended
	if out == nil {
		t.FailNow()
	}
	if calls(made) != "1 1 1" || calls(others) != "0 0 1" || !slices.Equal(out.Ran, []string{"kit"}) {
		t.Errorf("the first ran %s, the second %s: %v", calls(made), calls(others), out.Ran)
	}
}

func TestTrain_ATurnGoesFirstAndIsToldHowTheStageEnded(t *testing.T) {
	job, _ := chain(nil)
	job.Dir = t.TempDir()
	p, err := New(job, Choice{})
	if err != nil {
		t.Fatal(err)
	}
	var story []string
	d := deps()
	d.Turn = func(_ context.Context, stage, fingerprint string) (func(error), error) {
		if fingerprint != p.Stages[p.index(stage)].Fingerprint {
			t.Errorf("%s has fingerprint %s", stage, fingerprint)
		}
		if stage == "kit" {
			return nil, context.DeadlineExceeded
		}
		return func(err error) { story = append(story, stage) }, nil
	}
	if _, err := p.Execute(context.Background(), d); err == nil || !slices.Equal(story, []string{"data", "dp"}) {
		t.Errorf("%v, after %v", err, story)
	}
}
