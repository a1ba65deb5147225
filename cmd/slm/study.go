package main

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"slm/pipeline/recipe"
	"slm/pipeline/study"
)

// studyFlags are those that ablate and sweep share.
type studyFlags struct {
	recipe                   recipeFlags
	name                     string
	memory                   float64
	quick, dry, yes, offline bool
}

// add adds the flags. In words: how the folder is called by default, what runs side by side, and what stands behind the meaning of --plan.
func (f *studyFlags) add(cmd *cobra.Command, folder, side, plan string) {
	f.recipe.add(cmd)
	fl := cmd.Flags()
	fl.StringVar(&f.name, "name", "", "`NAME` of the experiment's folder (default: "+folder+")")
	fl.Float64Var(&f.memory, "memory", 0, "`GB` for all "+side+" side by side (default: three quarters of what is free)")
	fl.BoolVar(&f.quick, "quick", false, "leave out the estimate and its calibration")
	fl.BoolVar(&f.dry, "plan", false, "show the plan and run nothing"+plan)
	fl.BoolVar(&f.yes, "yes", false, "do not ask")
	fl.BoolVar(&f.offline, "offline", false, "use stored LLM replies only")
}

// load reads the recipe with the settings of the command line, and those of a member of the experiment behind them.
func (f *studyFlags) load(a *app, name string) study.Load {
	return func(set ...string) (*recipe.Loaded, error) {
		return a.load(name, &recipeFlags{set: slices.Concat(f.recipe.set, set)})
	}
}

// estimating tells somebody at a terminal why nothing is seen yet.
func (a *app) estimating() {
	if a.terminal && a.output == "text" && !a.quiet {
		_, _ = fmt.Fprintln(a.err, "estimating what it takes, by a short calibration (--quick leaves it out)")
	}
}

// site is where an experiment runs.
func (a *app) site() study.Site {
	return study.Site{Dir: a.dir, Kernel: a.backend, Versions: versions(), Now: a.now}
}
