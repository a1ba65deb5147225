package tasks

import (
	"errors"
	"slices"
	"testing"
)

func counted(seed uint64, model, control float64) run {
	r := run{seed: seed, control: "nearest", measures: []string{"macro-F1"}, figures: map[string][]float64{}}
	r.add("small model", model)
	r.add("nearest", control)
	return r
}

// The figures are those of scipy.stats.ttest_1samp and t.interval.
func TestTableOf_MeansAndDifferencesAreStudentsOverSeeds(t *testing.T) {
	table, err := tableOf([]run{counted(7, .5, .6), counted(8, .6, .8), counted(9, .7, .85)})
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{
		{"macro-F1", "small model", "3", "60.0", "35.2 to 84.8", "−15.0", "−27.4 to −2.6", ".035"},
		{"macro-F1", "nearest", "3", "75.0", "42.1 to 107.9", "", "", ""},
	}
	if !slices.EqualFunc(table.Rows, want, slices.Equal) {
		t.Errorf("got %q", table.Rows)
	}
}

func TestTableOf_RunsOfOneSeedOrOfTwoTasksAreRefused(t *testing.T) {
	other := counted(8, .5, .6)
	other.control = "first"
	for _, runs := range [][]run{{counted(7, .5, .6), counted(7, .6, .8)}, {counted(7, .5, .6), other}} {
		if _, err := tableOf(runs); !errors.Is(err, errOther) {
			t.Errorf("%v", err)
		}
	}
}
