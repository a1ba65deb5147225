package report

import (
	"reflect"
	"testing"

	"slm/stages/bpo"
)

func TestParts_SayWhatEachIsWorthAndWhatWasTaken(t *testing.T) {
	got := parts([]bpo.KnobRow{
		{Part: "prompt", Name: "soft prompt", Dims: 10, Best: 7, Chosen: 3, Share: 0.02, Worth: -0.0004, WorthSD: 0.01},
		{Part: "passages", Name: "found", Dims: 1, Levels: []string{"0", "1", "2"}, Best: 2, Chosen: 0, Share: 0.75, Worth: 0.125, WorthSD: 0.02},
		{Part: "gate", Name: "gate", Dims: 1, Levels: []string{"0"}, Best: 9, Chosen: -1},
	})
	want := []part{
		{"soft prompt", "2 %", "−0.000 ± 0.010", "trial 7", "trial 3"},
		{"found", "75 %", "+0.125 ± 0.020", "2", "0 (recipe)"},
		{"gate", "0 %", "+0.000 ± 0.000", "", ""},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%q", got)
	}
	if parts(nil) != nil {
		t.Error("a search of the prompt alone has parts")
	}
}
