// Package all lists the stages of a run. A stage is its package, with a Def in it, and a line here.
package all

import (
	"cmp"
	"fmt"
	"slices"

	"slm/stages"
	"slm/stages/bpo"
	"slm/stages/dp"
	"slm/stages/eval"
	"slm/stages/find"
	"slm/stages/kit"
	"slm/stages/prep"
	"slm/stages/reason"
	"slm/stages/rft"
	"slm/stages/task"
)

// list are the stages in the order in which they run: each behind those whose checkpoints it reads.
var list = []stages.Def{
	prep.Def,
	dp.Def,
	kit.Def,
	rft.Def,
	reason.Def,
	find.Def,
	bpo.Def,
	eval.Def,
	task.Def,
}

// Defs lists the stages, each behind those whose checkpoints it reads.
func Defs() []stages.Def { return slices.Clone(list) }

// Of lists the stages that a recipe has, each with those of its parents that it has, and with what stands for the others.
func Of(s stages.Settings) (defs []stages.Def) {
	instead := map[string]string{} // of a stage that is off
	on := map[string]bool{}
	has := func(d stages.Def) bool { return d.On == nil || d.On(s) }
	replaced := map[string]bool{}
	for _, d := range list {
		if d.For != "" && !s.Off(d.Name) && has(d) {
			replaced[d.For] = true
		}
	}
	for _, d := range list {
		if s.Off(d.Name) {
			instead[d.Name] = d.Instead
			continue
		}
		if !has(d) || replaced[d.Name] {
			continue
		}
		on[d.Name] = true
		var parents []string
		for _, p := range d.Parents {
			if p = cmp.Or(instead[p], p); on[p] && !slices.Contains(parents, p) {
				parents = append(parents, p)
			}
		}
		d.Parents = parents
		defs = append(defs, d)
	}
	return defs
}

// Names lists the stages' names in the same order.
func Names() []string {
	names := make([]string, len(list))
	for i, d := range list {
		names[i] = d.Name
	}
	return names
}

// Lookup returns the stage of that name.
func Lookup(name string) (stages.Def, bool) {
	i := slices.IndexFunc(list, func(d stages.Def) bool { return d.Name == name })
	if i < 0 {
		return stages.Def{}, false
	}
	return list[i], true
}

// Before lists the stages whose checkpoints a stage is made from, and those that they are made from, in order.
func Before(name string) (names []string) {
	needed := map[string]bool{name: true}
	for i := len(list) - 1; i >= 0; i-- {
		if needed[list[i].Name] {
			for _, p := range list[i].Parents {
				needed[p] = true
			}
		}
	}
	for _, d := range list {
		if needed[d.Name] && d.Name != name {
			names = append(names, d.Name)
		}
	}
	return names
}

// Add lists one more stage, until the function that it returns is called. It is for tests, which run one at a time with it.
func Add(d stages.Def) (remove func()) {
	if _, ok := Lookup(d.Name); ok {
		panic(fmt.Sprintf("stage %s is there already", d.Name))
	}
	before := list
	list = append(slices.Clip(list), d)
	return func() { list = before }
}
