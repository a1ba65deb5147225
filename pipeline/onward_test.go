package pipeline_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"slm/checkpoint"
	"slm/pipeline/rundir"
	"slm/pipeline/runtest"
	"slm/stages"
)

// train runs the tiny recipe below dir with more settings.
func train(t *testing.T, dir string, set ...string) (string, error) {
	t.Helper()
	r, err := runtest.Load(set...)
	if err != nil {
		t.Fatal(err)
	}
	return runtest.Train(t.Context(), r, dir)
}

func TestTrain_RaisedTrialsGoOnFromTheFinishedSearchAndEndInTheSameDigest(t *testing.T) {
	dir := t.TempDir()
	if _, err := train(t, dir, "eval.items=2"); err != nil {
		t.Fatal(err)
	}
	longer, err := train(t, dir, "eval.items=2", "stages.bpo.trials=5")
	if err != nil {
		t.Fatal(err)
	}
	fresh, err := train(t, t.TempDir(), "eval.items=2", "stages.bpo.trials=5")
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
		events, err := os.ReadFile(filepath.Join(run, rundir.EventsFile))
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(string(events), "goes on from the 3 trials of tiny-"); got != told {
			t.Errorf("%s tells that it goes on: %v", filepath.Base(run), got)
		}
	}
}
