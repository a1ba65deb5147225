package experiment_test

import (
	"errors"
	"testing"

	"slm/experiment"
	"slm/pipeline/runtest"
)

func TestFromRuns_OneRunTwiceIsNoPairOfSeeds(t *testing.T) {
	run := experiment.Member{Variant: "a", Folder: runtest.Old(t)}
	if _, err := experiment.FromRuns("twice", []experiment.Member{run, run}); !errors.Is(err, experiment.ErrTwice) {
		t.Errorf("%v", err)
	}
}
