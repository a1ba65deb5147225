package all

import (
	"slices"
	"testing"

	"slm/stages"
)

func TestDefs_EachStandsBehindThoseThatItReads(t *testing.T) {
	seen := map[string]bool{}
	for _, d := range Defs() {
		for _, p := range d.Parents {
			if !seen[p] {
				t.Errorf("%s reads %s, which does not come before it", d.Name, p)
			}
		}
		if seen[d.Name] {
			t.Errorf("%s stands there twice", d.Name)
		}
		seen[d.Name] = true
	}
}

func TestBefore_ListsAllThatAStageIsMadeFrom(t *testing.T) {
	for name, want := range map[string][]string{
		stages.Data: nil, stages.KIT: {stages.Data, stages.DP}, stages.BPO: {stages.Data, stages.DP, stages.KIT, stages.RFT, stages.Find}, stages.Eval: {stages.Data, stages.DP, stages.KIT, stages.RFT, stages.Find, stages.BPO},
	} {
		if got := Before(name); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}

func TestAdd_ListsAStageUntilItIsRemoved(t *testing.T) {
	remove := Add(stages.Def{Name: "toy", Parents: []string{stages.Data}})
	if got := Before("toy"); !slices.Equal(got, []string{stages.Data}) || !slices.Contains(Names(), "toy") {
		t.Errorf("%v", got)
	}
	remove()
	if _, ok := Lookup("toy"); ok {
		t.Error("still there")
	}
}
