package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"slm/internal/ranks"
	"slm/model/kernel"
	"slm/pipeline"
	"slm/pipeline/blackbox"
	"slm/pipeline/estimate"
	"slm/pipeline/recipe"
	"slm/pipeline/rundir"
	"slm/report"
	"slm/result"
	"slm/stages"
	"slm/stages/task"
)

// trained is the result of train.
type trained struct {
	*pipeline.Outcome
	Report  string          `json:"report,omitempty"`
	Summary *result.Summary `json:"summary,omitempty"`
	Task    task.Figures    `json:"task,omitempty"`
}

func newTrain(a *app) *cobra.Command {
	var f recipeFlags
	var offline, overfit bool
	cmd := &cobra.Command{
		Use: "train RECIPE", GroupID: "run", Args: exact(1, "a recipe"),
		Short: "Run a recipe: data, dp, kit, find, bpo, eval",
		Long: "Runs a recipe's stages. RECIPE is a file, the name of a recipe inside the program (slm recipe list), or a\n" +
			"folder of texts: then the recipe is FOLDER.yaml beside it, which is written where it is not there (slm init). Stages that an earlier run has\n" +
			"finished are reused, and an interrupted stage continues from its last save: after an interruption, run the same command again.\n" +
			"-s overrides values of the recipe, and so do variables such as SLM_STAGES__DP__TOKENS=2M.\n" +
			"mpirun -n 4 slm train RECIPE trains on four processes, on one machine or several, and ends in the same checkpoints (docs/cluster.md)." +
			exits(exitStopped, exitData, exitLLM, exitDiverged, exitCheckpoint, exitLocked, exitInterrupted),
		Example: "  slm train legal\n  slm train recipes/legal.yaml -s stages.dp.tokens=2M --until kit",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.among(cmd.Context(), func(team *ranks.Team) error {
				if err := a.ensure(cmd.Context(), args[0]); err != nil {
					return err
				}
				if overfit {
					return a.overfit(cmd.Context(), args[0], &f)
				}
				return a.train(cmd.Context(), args[0], &f, offline, team)
			})
		},
	}
	f.add(cmd)
	f.addStages(cmd)
	cmd.Flags().BoolVar(&offline, "offline", false, "use stored LLM replies only")
	cmd.Flags().BoolVar(&overfit, "overfit-one-batch", false, "sanity check: train the model of dp on one batch until it has learnt it by heart; write nothing")
	return cmd
}

// overfitted is the result of train --overfit-one-batch.
type overfitted struct {
	Losses []float64 `json:"losses"` // of the steps, in nats
	Least  float64   `json:"least"`  // that is possible on this batch
}

// overfit trains on one batch. The losses are printed as they come, each tenth step and the last.
func (a *app) overfit(ctx context.Context, name string, f *recipeFlags) error {
	r, p, err := a.plan(name, f)
	if err != nil {
		return err
	}
	be, err := a.backend(p.Class)
	if err != nil {
		return err
	}
	var learnt overfitted
	show := func(step int) {
		if a.output == "text" {
			_, _ = fmt.Fprintf(a.out, "step %3d  loss %.4f  at least %.4f\n", step, learnt.Losses[step-1], learnt.Least) // a closed pipe stops nothing
		}
	}
	err = estimate.OverfitOneBatch(ctx, p, r, be, a.now, func(step int, loss, least float64) {
		learnt.Losses, learnt.Least = append(learnt.Losses, loss), least
		if step == 1 || step%10 == 0 {
			show(step)
		}
	})
	n := len(learnt.Losses)
	if n > 1 && n%10 != 0 {
		show(n)
	}
	if err != nil {
		return err
	}
	return a.print(learnt, func(w io.Writer) { _, _ = fmt.Fprintf(w, "one batch is learnt by heart in %d steps\n", n) })
}

// patience bounds the estimate that train makes for the time left, where there is none: longer than on a machine that is free.
const patience = 40 * time.Second

// foresee estimates a run that has begun.
func (a *app) foresee(ctx context.Context, r *recipe.Loaded, p *pipeline.Plan) ([]stages.Event, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	cost, err := a.estimate(ctx, r, p)
	if err != nil {
		return nil, err
	}
	return cost.Events(), nil
}

func (a *app) train(ctx context.Context, name string, f *recipeFlags, offline bool, team *ranks.Team) error {
	r, p, err := a.plan(name, f)
	if err != nil {
		return err
	}
	team.Patience(r.Ranks.Timeout)
	box := &blackbox.Box{Config: r.LLM, Offline: offline, Seed: r.Seed, Keep: p.Folder(), Others: a.dir, Ranks: team}
	view := a.viewer()
	finished := p.Done()
	deps := pipeline.Deps{
		Kernel: func() (kernel.Backend, error) { return a.backend(p.Class) },
		Ranks:  team,
		Box:    box, View: view, Log: a.log(), Now: a.now,
		Code: func(err error) int { return exitCode(err, context.Cause(ctx)) },
	}
	if a.live() {
		deps.Foresee = func(ctx context.Context) ([]stages.Event, error) { return a.foresee(ctx, r, p) }
	}
	out, err := p.Execute(ctx, deps)
	if view != nil {
		view.Close()
	}
	err = errors.Join(err, box.Close())
	if len(out.Done) == 0 {
		return err
	}
	done := trained{Outcome: out}
	page, rerr := pipeline.Report(out.Run)
	if rerr != nil {
		a.log().Warn("report.html could not be written", "why", rerr)
	}
	done.Report = page
	if err != nil {
		return err
	}
	if done.Summary, err = rundir.Summary(out.Run); err != nil {
		return err
	}
	if done.Task, err = rundir.Task(out.Run); err != nil {
		return err
	}
	return a.print(done, func(w io.Writer) {
		if finished {
			_, _ = fmt.Fprintf(w, "nothing to do: %s is finished\n", out.Run)
		}
		if done.Summary != nil {
			_, _ = fmt.Fprintf(w, "%s\n", report.Table(done.Summary))
		}
		if done.Task != nil {
			_, _ = fmt.Fprintf(w, "%s\n", report.TaskTable(done.Task))
		}
		_, _ = fmt.Fprintf(w, "run     %s\n", out.Run)
		if page != "" {
			_, _ = fmt.Fprintf(w, "report  %s\n", page)
		}
	})
}
