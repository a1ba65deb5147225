package tasks

import (
	"errors"
	"maps"
	"slices"
	"strconv"
	"testing"
)

func counted(seed uint64, model, control float64) run {
	r := newRun(seed, "nearest", macro)
	r.add("small model", macro, model)
	r.add("nearest", macro, control)
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

// written is a run of which the model has a half of two functions of each of three packages, and the control what is given.
func written(seed uint64, control ...float64) run {
	r := newRun(seed, "nearest", pass)
	for i, x := range control {
		id, pkg := strconv.Itoa(i), strconv.Itoa(i/2)
		r.item("small model", pass, id, pkg, .5)
		r.item("nearest", pass, id, pkg, x)
		if i < 2 {
			r.item("asked of two", pass, id, pkg, x)
		}
	}
	r.pairs = [][2]string{{"small model", "asked of two"}}
	return r
}

func TestTableOf_DifferencesAreOfTheSameItems(t *testing.T) {
	table, err := tableOf([]run{written(7, 1, 0, 0, 0, 1, 1), written(8, 1, 0, 0, 0, 1, 1)})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, row := range table.Rows {
		got = append(got, row[1]+" "+row[3]+" "+row[5])
	}
	if want := []string{"small model 50.0 0.0", "nearest 50.0 ", "asked of two 50.0 0.0", "small model − asked of two  0.0"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestInterval_DrawsClustersWhereAllRunsHaveTheSameItems(t *testing.T) {
	same := []sample{written(7, 1, 1, 0, 0, 1, 0).figures["nearest"][pass], written(8, 1, 1, 0, 0, 1, 0).figures["nearest"][pass]}
	cluster := written(7, 1, 1, 0, 0, 1, 0).cluster
	c, err := interval(same, cluster)
	if err != nil || c.Clusters != 3 || c.High-c.Low < .1 {
		t.Errorf("runs that agree on functions of three packages: %d clusters, %v to %v, %v", c.Clusters, c.Low, c.High, err)
	}
	other := maps.Clone(same[1].items)
	delete(other, "5")
	same[1].items = other
	if c, err = interval(same, cluster); err != nil || c.Clusters != 2 || c.High != c.Low {
		t.Errorf("runs with items of their own: %d clusters, %v to %v, %v", c.Clusters, c.Low, c.High, err)
	}
}

func TestTableOf_ColumnsHaveNamesOfTheirOwn(t *testing.T) { // in CSV, two of one name are one
	table, err := tableOf([]run{counted(7, .5, .6), counted(8, .6, .8)})
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range table.Head {
		if slices.Contains(table.Head[:i], name) {
			t.Errorf("two columns are named %q", name)
		}
	}
}
