package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"slm/internal/sanitize"
	"slm/internal/term"
	"slm/pipeline/ablate"
	"slm/pipeline/blackbox"
	"slm/pipeline/launch"
	"slm/pipeline/recipe"
	"slm/pipeline/study"
)

// askFrom is how long an experiment may take without a question.
const askFrom = 30 * time.Minute

// ablateFlags are those of ablate.
type ablateFlags struct {
	studyFlags
	drop, vary    []string
	seeds         string
	systems, only []string
	jobs          int
	on            string
	with          []string
	store         storeFlag
}

func newAblate(a *app) *cobra.Command {
	var f ablateFlags
	cmd := &cobra.Command{
		Use: "ablate RECIPE", GroupID: "run", Args: exact(1, "a recipe"),
		Short: "Run a recipe without each of its parts, in several seeds, and compare",
		Long: "Runs a recipe and variants of it, each in several seeds, and compares every variant with the recipe on the same questions. Without flags a variant " +
			"leaves out one part of the method: dp, kit, kit.filter, find, rft, reason, bpo, as far as the recipe has them; or they are those of its section ablate. A stage that several " +
			"variants share is run once. The plan is shown first; an experiment that takes more than half an hour, or may cost more dollars than a run of the recipe, asks whether to go on.\n\n" +
			"The tables, the rows behind them and a page are in experiments/NAME below --dir; the runs are ordinary runs, and one on which another process works is waited for. " +
			"After an interruption the same command goes on. A variant that fails is a row with its reason; the exit status is 0 if the recipe itself and one variant have a result.\n\n" +
			"With --on the stages become jobs of slm worker, which meet in the experiment's folder: what starts them is written there and submitted, and this command ends. Launchers and their --with:\n" + launch.Help() +
			exits(exitStopped, exitData, exitLLM, exitCheckpoint, exitLocked, exitInterrupted),
		Example: "  slm ablate legal\n  slm ablate legal --drop kit --drop kit.filter --seeds 5\n  slm ablate legal --vary stages.bpo.trials=10,20,40 --seeds 1,2,3",
		RunE:    func(cmd *cobra.Command, args []string) error { return a.ablate(cmd.Context(), args[0], &f) },
	}
	f.add(cmd, "the recipe's", "stages that run", " (slm plan --ablate)")
	fl := cmd.Flags()
	fl.StringArrayVar(&f.drop, "drop", nil, "leave out a `PART`: dp, kit, kit.filter, find, rft, reason, bpo, or a key of the recipe, which is set to nothing; may be repeated, each is a variant")
	fl.StringArrayVar(&f.vary, "vary", nil, "a variant for each value: `KEY=VALUE,VALUE`; if it is repeated, for each combination")
	fl.StringVar(&f.seeds, "seeds", "", "how many `SEEDS`, from the recipe's on, or a list such as 1,2,3; 9, is the seed 9 alone (default 3)")
	fl.StringSliceVar(&f.systems, "systems", nil, "evaluate these `SYSTEMS` instead of the recipe's")
	fl.StringArrayVar(&f.only, "only", nil, "run only this `VARIANT`, beside the recipe itself; may be repeated")
	fl.IntVar(&f.jobs, "jobs", 1, "run `N` stages side by side, if they fit into --memory")
	fl.StringVar(&f.on, "on", "", "start workers by a `LAUNCHER`: "+strings.Join(launch.Names(), ", "))
	fl.StringArrayVar(&f.with, "with", nil, "an `OPTION=VALUE` of the launcher; may be repeated")
	f.store.add(cmd, a, " where the workers of --on meet, in place of a shared folder", false)
	return cmd
}

// spec reads the flags.
func (f *ablateFlags) spec() (spec ablate.Spec, err error) {
	spec = ablate.Spec{Drop: f.drop, Vary: f.vary, Systems: f.systems, Only: f.only}
	if f.seeds == "" {
		return spec, nil
	}
	text, list := strings.CutSuffix(f.seeds, ",") // "9," is the seed 9 alone
	for part := range strings.SplitSeq(text, ",") {
		n, err := strconv.ParseUint(strings.TrimSpace(part), 10, 64)
		if err != nil || n == 0 {
			return spec, usage("--seeds %s: want a number of seeds, or a list of seeds such as 1,2,3", f.seeds)
		}
		if slices.Contains(spec.Seeds, n) {
			return spec, usage("--seeds %s: %d stands twice", f.seeds, n)
		}
		spec.Seeds = append(spec.Seeds, n)
	}
	if len(spec.Seeds) == 1 && !list {
		if spec.Seeds[0] > 100 {
			return spec, usage("--seeds %s: at most 100 seeds; the seed %s alone is %s,", f.seeds, f.seeds, f.seeds)
		}
		spec.Count, spec.Seeds = int(spec.Seeds[0]), nil
	}
	return spec, nil
}

// planAblation plans an experiment and, unless told otherwise, estimates it.
func (a *app) planAblation(ctx context.Context, name string, f *ablateFlags) (*ablate.Plan, study.Site, error) {
	site := a.site()
	spec, err := f.spec()
	if err != nil {
		return nil, site, err
	}
	if err := f.launcher(); err != nil {
		return nil, site, err
	}
	p, err := ablate.New(f.name, f.load(a, name), spec, site)
	if err != nil || f.quick || p.Done() {
		return p, site, err
	}
	a.estimating()
	box := &blackbox.Box{Config: p.Base.LLM, Seed: p.Base.Seed} // stores nothing
	return p, site, errors.Join(p.Calibrate(ctx, site, box), box.Close())
}

func (a *app) ablate(ctx context.Context, name string, f *ablateFlags) error {
	p, site, err := a.planAblation(ctx, name, f)
	if err != nil {
		return err
	}
	if f.dry {
		return a.print(plannedAblation(p), func(w io.Writer) { showAblation(w, p, term.Width(a.out)) })
	}
	if a.output == "text" && !a.quiet && !p.Done() {
		showAblation(a.err, p, term.Width(a.err))
	}
	if ok, err := a.goOn(p.Estimate, p.Base, p.Done(), f.yes); !ok {
		return err
	}
	if f.on != "" {
		return a.launch(ctx, p, f)
	}
	view := a.viewer()
	sum, err := p.Execute(ctx, site, study.How{
		Jobs: p.Jobs(f.jobs, f.memory*1e9), Offline: f.offline, View: view, Log: a.log(), Code: func(err error) int { return exitCode(err, context.Cause(ctx)) },
	})
	if view != nil {
		view.Close()
	}
	if sum == nil {
		return err
	}
	perr := a.print(sum, func(w io.Writer) {
		_, _ = fmt.Fprintf(w, "%s\nexperiment  %s\nreport      %s\n", sanitize.Text(sum.Text()), p.Path(), filepath.Join(a.dir, sum.Page))
	})
	return errors.Join(err, perr)
}

// goOn asks whether to go on where an experiment is long or dear. Where nobody can be asked, --yes must have said so.
func (a *app) goOn(e *study.Estimate, base *recipe.Loaded, done, yes bool) (bool, error) {
	why := ""
	switch {
	case yes || done:
		return true, nil
	case e == nil:
		why = "how long it takes is not known"
	case e.Seconds > askFrom.Seconds():
		why = "it takes about " + term.Span(e.Seconds)
	case e.USD == nil:
		why = "what it costs is not known"
	case *e.USD > 0 && *e.USD > base.LLM.Budget.USD:
		why = fmt.Sprintf("it costs about $%.2f", *e.USD)
	default:
		return true, nil
	}
	if !a.terminal {
		return false, usage("%s: --yes says that it shall be run", why)
	}
	_, _ = fmt.Fprintf(a.err, "%s. Go on? [y/N] ", why)
	answer, err := bufio.NewReader(a.in).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return false, err
	}
	if slices.Contains([]string{"y", "yes"}, strings.ToLower(strings.TrimSpace(answer))) {
		return true, nil
	}
	_, _ = fmt.Fprintln(a.err, "nothing was run")
	return false, nil
}
