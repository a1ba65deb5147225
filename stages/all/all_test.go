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

// without are settings with stages that are off.
type without struct {
	stages.Settings
	off []string
}

func (w without) Off(stage string) bool { return slices.Contains(w.off, stage) }

func TestOf_WhatStandsForAStageThatIsOffIsReadInItsPlace(t *testing.T) {
	remove := Add(stages.Def{Name: "toy", Parents: []string{stages.Data, stages.KIT, stages.BPO, stages.DP}})
	defer remove()
	before := list
	defer func() { list = before }()
	list = slices.Clone(list)
	for i := range list {
		list[i].On, list[i].For = nil, "" // none asks the recipe, and none stands in another's place
	}
	for _, c := range []struct{ off, parents []string }{
		{nil, []string{stages.Data, stages.KIT, stages.BPO, stages.DP}},
		{[]string{stages.KIT}, []string{stages.Data, stages.DP, stages.BPO}},
		{[]string{stages.BPO}, []string{stages.Data, stages.KIT, stages.DP}},
		{[]string{stages.BPO, stages.KIT}, []string{stages.Data, stages.DP}},
	} {
		defs := Of(without{off: c.off})
		if got := defs[len(defs)-1].Parents; !slices.Equal(got, c.parents) || len(defs) != len(list)-len(c.off) {
			t.Errorf("without %v: %v, want %v", c.off, got, c.parents)
		}
	}
}

// tasked are settings of a recipe that has a task.
type tasked struct{ stages.Settings }

func (tasked) Off(string) bool { return false }

func TestOf_AStageThatStandsForAnotherLeavesItOut(t *testing.T) {
	before := list
	defer func() { list = before }()
	for _, has := range []bool{false, true} {
		list = []stages.Def{{Name: stages.Data}, {Name: stages.Eval}, {Name: "toy", For: stages.Eval, On: func(stages.Settings) bool { return has }}}
		var names []string
		for _, d := range Of(tasked{}) {
			names = append(names, d.Name)
		}
		if want := map[bool][]string{false: {stages.Data, stages.Eval}, true: {stages.Data, "toy"}}[has]; !slices.Equal(names, want) {
			t.Errorf("%v, want %v", names, want)
		}
	}
}
