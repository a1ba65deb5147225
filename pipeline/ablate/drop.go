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
	reasoning "slm/stages/reason"
	"slm/stages/rft"
	"slm/stages/search"
)

// part is a piece of the method that can be left out.
type part struct {
	has   func(r *recipe.Loaded) bool
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
	{stages.RFT, part{
		has:   func(r *recipe.Loaded) bool { return stages.Get[rft.Config](r, "stages.rft").Samples > 0 },
		set:   func(*recipe.Loaded) []string { return []string{"stages.rft=off"} },
		means: "no tuning on its own best answers: what comes after kit works on the weights of kit",
	}},
	{stages.Reason, part{
		has:   func(r *recipe.Loaded) bool { return stages.Get[reasoning.Config](r, "stages.reason").Tasks > 0 },
		set:   func(*recipe.Loaded) []string { return []string{"stages.reason=off"} },
		means: "no tuning on tasks that are reasoned",
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
		if p.has(r) {
			names = append(names, p.name)
		}
	}
	return names
}

// dropped is the recipe without a part: one of the method's, or a key that is set to nothing.
func dropped(r *recipe.Loaded, name string) (experiment.Variant, error) {
	bad := func(what string, args ...any) (experiment.Variant, error) {
		return experiment.Variant{}, fmt.Errorf("%w: --drop %s: %s", rundir.ErrUsage, name, fmt.Sprintf(what, args...))
	}
	for _, p := range parts {
		if p.name != name && "stages."+p.name != name {
			continue
		}
		if !p.has(r) {
			return bad("the recipe has nothing of it to leave out (it has: %s)", strings.Join(Usual(r), ", "))
		}
		return experiment.Variant{Name: "no-" + p.name, Changes: p.set(r), Means: p.means}, nil
	}
	for _, path := range []string{name, "stages." + name} {
		if v, ok := schema.At(&r.Recipe, path); ok {
			off, ok := nothing(v)
			if !ok {
				return bad("%s has no value that turns it off: name one with --vary", path)
			}
			return experiment.Variant{Name: "no-" + strings.TrimPrefix(path, "stages."), Changes: []string{path + "=" + off}, Means: path + " is " + off}, nil
		}
	}
	if meant := likely(name); meant != "" {
		return bad("did you mean %s?", meant)
	}
	first, _, _ := strings.Cut(name, ".")
	for _, before := range []string{"", "stages."} {
		if recipe.Unknown(before+first) == nil { // the slip is behind it
			return experiment.Variant{}, recipe.Unknown(before + name)
		}
	}
	return bad("there is no such part of the method (%s) and no such key of a recipe (slm config keys lists them)", strings.Join(partNames(), ", "))
}

// likely is what a name was probably meant to be: keys that end in it, or a part that is spelt much like it; "" = nothing is near.
func likely(name string) string {
	const shown = 3
	var keys []string
	for _, k := range recipe.Keys() {
		if strings.HasSuffix(k.Path, "."+name) {
			keys = append(keys, k.Path)
		}
	}
	if len(keys) > 0 {
		return strings.Join(keys[:min(len(keys), shown)], " or ")
	}
	return schema.Closest(name, partNames())
}

// partNames are those of all parts, whether a recipe has them or not.
func partNames() (names []string) {
	for _, p := range parts {
		names = append(names, p.name)
	}
	return names
}

// nothing is the value that turns a key off; false = it has none.
func nothing(v reflect.Value) (string, bool) {
	switch {
	case v.Kind() == reflect.Bool:
		return "false", true
	case v.CanInt(), v.CanUint(), v.CanFloat():
		return "0", true
	case v.Kind() == reflect.Slice:
		return "[]", true
	}
	return "", false
}
