package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"slm/pipeline"
	"slm/pipeline/recipe"
)

// planned is the result of plan.
type planned struct {
	Run        string             `json:"run"`
	Kernel     string             `json:"kernel"`
	Parameters int64              `json:"parameters"` // of the small model
	Stages     []pipeline.Planned `json:"stages"`
}

func newPlan(a *app) *cobra.Command {
	var f recipeFlags
	cmd := &cobra.Command{
		Use: "plan RECIPE", GroupID: "before", Args: exact(1, "a recipe"),
		Short: "What train would run and reuse, and why",
		Long:  "Shows which stages train would run, resume or reuse, and why. Nothing is run; below runs/ the digests of input files are remembered." + exits(exitData, exitLLM, exitCheckpoint),
		RunE: func(_ *cobra.Command, args []string) error {
			r, p, err := a.plan(args[0], &f)
			if err != nil {
				return err
			}
			return a.printPlan(r, p)
		},
	}
	f.add(cmd)
	f.addStages(cmd)
	return cmd
}

func (a *app) printPlan(r *recipe.Loaded, p *pipeline.Plan) error {
	result := planned{Run: p.Folder(), Kernel: p.Kernel, Parameters: r.Model.Config(r.Tokenizer.Train.Vocab).Count(), Stages: p.Stages}
	return a.print(result, func(w io.Writer) {
		_, _ = fmt.Fprintf(w, "run      %s\nkernel   %s\nmodel    %s parameters\n\n", result.Run, result.Kernel, pipeline.Amount(float64(result.Parameters)))
		for _, s := range p.Stages {
			_, _ = fmt.Fprintf(w, "%-6s %-7s %s\n", s.Stage, s.Action, s.Why)
		}
		if p.Done() {
			_, _ = fmt.Fprintln(w, "\nnothing to do")
		}
	})
}
