package main

import (
	"github.com/spf13/cobra"

	"slm/model/kernel"
	"slm/pipeline"
	"slm/pipeline/recipe"
	"slm/recipes"
)

// recipeFlags are those of every command that reads a recipe.
type recipeFlags struct {
	set    []string
	choice pipeline.Choice
	resume string
}

func (f *recipeFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringArrayVarP(&f.set, "set", "s", nil, "override a value of the recipe by `KEY=VALUE`; may be repeated")
}

// addConnection adds -s to a command that uses a run which is there.
func addConnection(cmd *cobra.Command, set *[]string) {
	cmd.Flags().StringArrayVarP(set, "set", "s", nil, "reach the LLM in another way, by `KEY=VALUE` of a connection setting: llm.url, llm.key_env, llm.price.input, llm.budget.calls, …; may be repeated")
}

func (f *recipeFlags) addStages(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.choice.Only, "only", "", "run only this `STAGE`, on the existing checkpoints")
	cmd.Flags().StringVar(&f.choice.From, "from", "", "run this `STAGE` even if its checkpoint could be reused, and the later ones if its result differs")
	cmd.Flags().StringVar(&f.choice.Until, "until", "", "stop after this `STAGE`")
	cmd.Flags().BoolVar(&f.choice.Fresh, "fresh", false, "ignore old checkpoints and interrupted work")
	cmd.Flags().StringVar(&f.resume, "resume", "auto", "`HOW`: auto continues an interrupted stage, never starts it over")
}

// load reads the recipe with everything that overrides it.
func (a *app) load(name string, f *recipeFlags) (*recipe.Loaded, error) {
	name, err := beside(name)
	if err != nil {
		return nil, err
	}
	return recipe.Load(recipe.Source{Name: name, Shipped: recipes.Files, Set: f.set, Env: a.env})
}

// plan makes the plan of a recipe.
func (a *app) plan(name string, f *recipeFlags) (*recipe.Loaded, *pipeline.Plan, error) {
	choice := f.choice
	switch f.resume {
	case "auto", "":
	case "never":
		choice.NoResume = true
	default:
		return nil, nil, usage("--resume %s: want auto or never", f.resume)
	}
	r, err := a.load(name, f)
	if err != nil {
		return nil, nil, err
	}
	class, err := pipeline.ClassFor(r, a.dir, a.now)
	if err != nil {
		return nil, nil, err
	}
	be, err := a.backend(class)
	if err != nil {
		return nil, nil, err
	}
	if name := a.getenv("SLM_KERNEL", ""); name != "" && r.Numerics != kernel.Auto && r.Numerics != be.Class() && r.Numerics.Products() != kernel.FastClass(name) {
		return nil, nil, usage("SLM_KERNEL=%s computes in class %s, and the recipe wants numerics: %s", name, be.Class(), r.Numerics)
	}
	job, err := pipeline.Build(r, a.dir, be.Class(), versions(), a.now)
	if err != nil {
		return nil, nil, err
	}
	p, err := pipeline.New(job, choice)
	if err != nil {
		return nil, nil, err
	}
	return r, p, pipeline.CheckRecords(&r.Recipe, p.Runs)
}
