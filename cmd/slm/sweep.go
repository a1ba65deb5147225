package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/spf13/cobra"

	"slm/internal/sanitize"
	"slm/internal/term"
	"slm/pipeline/blackbox"
	"slm/pipeline/study"
	"slm/pipeline/sweep"
)

// sweepFlags are those of sweep.
type sweepFlags struct {
	studyFlags
	spec sweep.Spec
}

func newSweep(a *app) *cobra.Command {
	var f sweepFlags
	cmd := &cobra.Command{
		Use: "sweep RECIPE", GroupID: "run", Args: exact(1, "a recipe"),
		Short: "Search keys of a recipe for the values with which its small model becomes best",
		Long: "Searches keys of a recipe by Bayesian optimisation. Each trial is a run of the recipe with other values, as far as the stage that it is measured after; " +
			"trial 0 is the recipe itself. A trial that has no prospect of becoming the best is stopped early. Trials are measured on the development questions; the test " +
			"questions are not asked.\n\n" +
			"The plan is shown first; a sweep that takes more than half an hour asks whether to go on. In experiments/NAME below --dir are the best recipe (best.yaml, which " +
			"train takes), the table, what each key has to do with the result, and a page. After an interruption the same command goes on with the same trials; with more " +
			"--trials a finished sweep goes on. A trial that fails is a row with its reason." +
			exits(exitStopped, exitData, exitLLM, exitCheckpoint, exitLocked, exitInterrupted),
		Example: "  slm sweep legal --over 'stages.dp.optim.lr=log(1e-4,1e-2)' --over 'model.width={128,256,384}'\n" +
			"  slm sweep legal --over 'stages.kit.optim.lr=log(1e-4,1e-2)' --maximise recall --trials 20 --seeds 3\n" +
			"  slm sweep legal --over 'stages.dp.batch=int(2048,16384)' --tokens 1M --plan",
		RunE: func(cmd *cobra.Command, args []string) error { return a.sweep(cmd.Context(), args[0], &f) },
	}
	f.add(cmd, "the recipe's, with -sweep behind it", "trials that are trained", "")
	fl := cmd.Flags()
	fl.StringArrayVar(&f.spec.Over, "over", nil, "search a key: `KEY=RANGE` with log(1e-4,1e-2), linear(0,1), int(1,8) or {128,256,384}; may be repeated")
	fl.StringVar(&f.spec.Minimise, "minimise", "", "make this `FIGURE` small: heldout_loss (the default)")
	fl.StringVar(&f.spec.Maximise, "maximise", "", "make this `FIGURE` large instead: recall or accuracy, of the development questions")
	fl.IntVar(&f.spec.Trials, "trials", 30, "`N` trials besides the recipe itself")
	fl.StringVar(&f.spec.Tokens, "tokens", "", "let dp train on so many `TOKENS` in each trial, such as 1M (default: the recipe's)")
	fl.IntVar(&f.spec.Seeds, "seeds", 1, "measure a trial that is not stopped with `N` seeds")
	fl.Float64Var(&f.spec.Risk, "risk", 0.05, "`CHANCE` to become the best below which a trial may be stopped; 0 = none is stopped")
	fl.IntVar(&f.spec.Round, "jobs", 1, "propose and train `N` trials side by side, if they fit into --memory; a sweep keeps the number that it began with")
	return cmd
}

// check finds numbers that make no sense.
func (f *sweepFlags) check() error {
	switch s := f.spec; {
	case s.Trials < 1 || s.Trials > 1000:
		return usage("--trials %d: want 1 to 1000", s.Trials)
	case s.Seeds < 1 || s.Seeds > 100:
		return usage("--seeds %d: want 1 to 100", s.Seeds)
	case !(s.Risk >= 0 && s.Risk < 1):
		return usage("--risk %g: want a chance, from 0 to below 1", s.Risk)
	case s.Round < 1 || s.Round > 64:
		return usage("--jobs %d: want 1 to 64", s.Round)
	}
	return nil
}

func (a *app) sweep(ctx context.Context, name string, f *sweepFlags) error {
	if err := f.check(); err != nil {
		return err
	}
	site := a.site()
	p, err := sweep.New(f.name, f.load(a, name), f.spec, site)
	if err != nil {
		return err
	}
	if done := p.Done(); !f.quick && !done {
		a.estimating()
		box := &blackbox.Box{Config: p.Base.LLM, Seed: p.Base.Seed} // stores nothing
		if err := errors.Join(p.Calibrate(ctx, box), box.Close()); err != nil {
			return err
		}
	}
	if p.Estimate != nil {
		p.Round = study.Jobs(p.Round, f.memory*1e9, p.Estimate.Memory)
	}
	if f.dry {
		return a.print(plannedSweep(p), func(w io.Writer) { showSweep(w, p, term.Width(a.out)) })
	}
	if a.output == "text" && !a.quiet && !p.Done() {
		showSweep(a.err, p, term.Width(a.err))
	}
	if ok, err := a.goOn(p.Estimate, p.Base, p.Done(), f.yes); !ok {
		return err
	}
	view := a.viewer()
	sum, err := p.Execute(ctx, study.How{Offline: f.offline, View: view, Log: a.log(), Code: func(err error) int { return exitCode(err, context.Cause(ctx)) }})
	if view != nil {
		view.Close()
	}
	if err != nil {
		return err
	}
	return a.print(sum, func(w io.Writer) {
		_, _ = fmt.Fprintf(w, "%s\nbest recipe  %s\nreport       %s\n", sanitize.Text(sum.Text()), filepath.Join(a.dir, sum.Recipe), filepath.Join(a.dir, sum.Page))
	})
}

// sweepPlan is the plan of a sweep as JSON.
type sweepPlan struct {
	Experiment string          `json:"experiment"`
	Objective  sweep.Objective `json:"objective"`
	Until      string          `json:"until"`
	Params     []sweep.Param   `json:"params"`
	Rungs      []float64       `json:"rungs"`
	Seeds      []uint64        `json:"seeds"`
	Trials     int             `json:"trials"`
	Jobs       int             `json:"jobs"`
	Estimate   *study.Estimate `json:"estimate,omitempty"`
}

func plannedSweep(p *sweep.Plan) sweepPlan {
	return sweepPlan{p.Path(), p.Objective, p.Until, p.Params, p.Rungs, p.Seeds, p.Trials, p.Round, p.Estimate}
}

// showSweep says what a sweep will do.
func showSweep(w io.Writer, p *sweep.Plan, columns int) {
	_, _ = fmt.Fprintf(w, "experiment  %s\nobjective   %s\n", sanitize.Line(p.Path()), term.Wrap(p.Objective.Name+": "+p.Objective.Means, columns, 12))
	for _, param := range p.Params {
		_, _ = fmt.Fprintf(w, "over        %s\n", sanitize.Line(param.String()))
	}
	_, _ = fmt.Fprintf(w, "trials      %d and the recipe itself, each as far as stage %s; the test questions are not asked\nseeds       %v; the data and the exam are those of the recipe's own seed\n", p.Trials, p.Until, p.Seeds)
	if p.Rungs != nil {
		_, _ = fmt.Fprintf(w, "rungs       after %.0f %% and %.0f %% of stage %s a trial may be stopped\n", 100*p.Rungs[0], 100*p.Rungs[1], p.On)
	}
	showEstimate(w, p.Estimate, columns, "trial")
	_, _ = fmt.Fprintln(w)
}
