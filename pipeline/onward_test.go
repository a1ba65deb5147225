package pipeline

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"slm/checkpoint"
	"slm/stages"
	"slm/stages/bpo"
)

func TestARaisedBudgetGoesOnFromTheFinishedSearchAndEndsInTheSameDigest(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	if _, err := train(ctx, dir, "eval.items=2"); err != nil {
		t.Fatal(err)
	}
	longer, err := train(ctx, dir, "eval.items=2", "stages.bpo.trials=5")
	if err != nil {
		t.Fatal(err)
	}
	fresh, err := train(ctx, t.TempDir(), "eval.items=2", "stages.bpo.trials=5")
	if err != nil {
		t.Fatal(err)
	}
	for _, stage := range []string{stages.BPO, stages.Eval} {
		got, err := checkpoint.Load(filepath.Join(longer, stage))
		if err != nil {
			t.Fatal(err)
		}
		want, err := checkpoint.Load(filepath.Join(fresh, stage))
		if err != nil {
			t.Fatal(err)
		}
		if got.Digest() != want.Digest() {
			t.Errorf("%s: the search that went on ends in %s, one from the start in %s", stage, got.Digest(), want.Digest())
		}
	}
	for run, told := range map[string]bool{longer: true, fresh: false} {
		events, err := os.ReadFile(filepath.Join(run, eventsName))
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(string(events), "goes on from the 3 trials of tiny-"); got != told {
			t.Errorf("%s tells that it goes on: %v", filepath.Base(run), got)
		}
	}
}

func TestAnyTrialOfTheSearchCanBeAskedWith(t *testing.T) {
	folder := tinyRun(t)
	const question = "What does section 1 of Apache-2.0 say?"
	know := func(trial string) (*Answer, error) {
		s := use(t, folder, true)
		s.Trial = trial
		a, err := s.Know(context.Background(), question)
		return a, errors.Join(err, s.Close())
	}
	for _, trial := range []string{"0", "1", "3", "random/1", "cma/1", "text/1"} {
		if a, err := know(trial); err != nil || a.Question != question {
			t.Errorf("trial %s: %+v, %v", trial, a, err)
		}
	}
	for _, trial := range []string{"4", "random/999", "nobody/1", "x"} {
		if _, err := know(trial); !errors.Is(err, bpo.ErrTrial) {
			t.Errorf("trial %s: %v", trial, err)
		}
	}
	if err := os.RemoveAll(filepath.Join(folder, stages.BPO)); err != nil {
		t.Fatal(err)
	}
	if _, err := know("1"); !errors.Is(err, checkpoint.ErrMissing) {
		t.Errorf("without a search: %v", err)
	}
}
