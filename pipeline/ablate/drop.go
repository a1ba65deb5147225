package ablate

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"slm/experiment"
	"slm/pipeline/recipe"
	"slm/pipeline/rundir"
	"slm/pipeline/schema"
	"slm/stages"
	"slm/stages/dp"
	"slm/stages/find"
	"slm/stages/kit"
	"slm/stages/search"
)

// part is a piece of the method that can be left out.
type part struct {
	has   func(r *recipe.Loaded) bool     // nil = every recipe has it
	set   func(r *recipe.Loaded) []string // what leaves it out
	means string
}

// parts are the pieces that an ablation of the method leaves out, in the order of the method. A key of the recipe may be dropped too (off).
var parts = []struct {
	name string
	part
}{
	{stages.DP, part{
		has: func(r *recipe.Loaded) bool { return !r.Off(stages.KIT) && !stages.Get[dp.Config](r, "stages.dp").Fresh }, // kit trains in its place
		set: func(r *recipe.Loaded) []string {
			set := []string{"stages.dp.fresh=true"}
			if read, asks := stages.Get[dp.Config](r, "stages.dp").Optim, stages.Get[kit.Config](r, "stages.kit").Optim; read.Name == asks.Name {
				set = append(set, fmt.Sprintf("stages.kit.optim.lr=%g", read.LR)) // a model that is new learns at the rate of one
			}
			return set
		},
		means: "no pretraining: kit trains a fresh model, on as many tokens as dp and kit together and at dp's rate",
	}},
	{stages.KIT, part{
		has: func(r *recipe.Loaded) bool {
			return !r.Off(stages.KIT) && stages.Get[kit.Config](r, "stages.kit").Epochs > 0
		},
		set:   func(r *recipe.Loaded) []string { return without(r, stages.KIT, unsearched, read) },
		means: "no instruction tuning: the model of dp answers, so " + read + " stands for " + unsearched,
	}},
	{"kit.filter", part{
		has: func(r *recipe.Loaded) bool {
			c := stages.Get[kit.Config](r, "stages.kit")
			return !r.Off(stages.KIT) && c.Filter && c.Epochs > 0
		},
		set:   func(*recipe.Loaded) []string { return []string{"stages.kit.filter=false"} },
		means: "kit trains on every pair, also where the black box answers wrong with its knowledge",
	}},
	{stages.Find, part{
		has: func(r *recipe.Loaded) bool { return stages.Get[find.Config](r, "stages.find").Fuse != search.None },
		set: func(*recipe.Loaded) []string {
			return []string{"stages.find.fuse=none", "stages.find.dense=[]", "stages.find.bridge=false", "stages.find.gate=false"}
		},
		means: "no vectors, no fusion: sections are found by keywords alone, and systems that need more are not run",
	}},
	{stages.BPO, part{
		has: func(r *recipe.Loaded) bool { return !r.Off(stages.BPO) },
		set: func(r *recipe.Loaded) []string {
			return without(r, stages.BPO, searched, unsearched)
		},
		means: "no search: the soft prompt stays at z = 0, so " + unsearched + " stands for " + searched,
	}},
}

// The system with the prompt that the search has found, and the one that stands for it where nothing was searched.
const (
	searched   = "blade"
	unsearched = "blade-z0"
	read       = "dp" // the model that has only read, which stands for the tuned one where nothing was tuned
)

// without leaves out a stage that a system needs, and has the one evaluated that stands for it.
func without(r *recipe.Loaded, stage, system, by string) []string {
	set := []string{"stages." + stage + "=off"}
	if names := r.Eval.Systems; slices.Contains(names, system) && !slices.Contains(names, by) {
		set = append([]string{"eval.systems=[" + strings.Join(append(slices.Clone(names), by), ", ") + "]"}, set...) // off comes later, and takes out what needs it
	}
	return set
}

// Usual are the parts that an ablation of the method leaves out, each alone: those that the recipe has.
func Usual(r *recipe.Loaded) (names []string) {
	for _, p := range parts {
		if p.has == nil || p.has(r) {
			names = append(names, p.name)
		}
	}
	return names
}

// dropped is the recipe without a part: one of the method's, or a key that is set to nothing.
func dropped(r *recipe.Loaded, name string) (experiment.Variant, error) {
	for _, p := range parts {
		if p.name == name || "stages."+p.name == name {
			return experiment.Variant{Name: "no-" + p.name, Changes: p.set(r), Means: p.means}, nil
		}
	}
	for _, path := range []string{name, "stages." + name} {
		if v, ok := schema.At(&r.Recipe, path); ok {
			off, err := nothing(v)
			if err != nil {
				return experiment.Variant{}, fmt.Errorf("%w: --drop %s: %w", rundir.ErrUsage, name, err)
			}
			return experiment.Variant{Name: "no-" + strings.TrimPrefix(path, "stages."), Changes: []string{path + "=" + off}, Means: path + " is " + off}, nil
		}
	}
	if err := recipe.Unknown(name); err != nil {
		return experiment.Variant{}, err
	}
	return experiment.Variant{}, fmt.Errorf("%w: --drop %s: there is no such part of the method and no such key", rundir.ErrUsage, name)
}

// nothing is the value that turns a key off.
func nothing(v reflect.Value) (string, error) {
	switch {
	case v.Kind() == reflect.Bool:
		return "false", nil
	case v.CanInt(), v.CanUint(), v.CanFloat():
		return "0", nil
	case v.Kind() == reflect.Slice:
		return "[]", nil
	}
	return "", fmt.Errorf("it has no value that turns it off: name one with --vary")
}
