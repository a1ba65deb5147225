package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"slm/experiment"
	"slm/internal/grid"
	"slm/internal/sanitize"
	"slm/pipeline/rundir"
)

func newCompare(a *app) *cobra.Command {
	var opt experiment.Options
	var wanted, form string
	cmd := &cobra.Command{
		Use: "compare RUN RUN…", GroupID: "look", Args: cobra.ArbitraryArgs,
		Short: "Compare how runs answered the same questions, with intervals",
		Long: "Compares runs question by question; the first is what the others are compared with. NAME=RUN,RUN makes one variant of runs that differ by their seed\n" +
			"alone; one name of experiments/ or its folder compares an experiment. Runs are refused that have other questions, another black box or other words around the questions, or that saw questions in training.\n" +
			"Intervals are over questions, those about one section drawn together, and over seeds where each variant has several; p is corrected after Holm\n" +
			"over all differences of --systems. docs/statistics.md says how." + exits(exitData, exitCheckpoint),
		Example: "  slm compare legal-1f0c9a2b legal-77aa01cd --show 10\n  slm compare full=legal-1f,legal-2a 'no kit=legal-77,legal-81' --power 3% --as latex",
		RunE: func(_ *cobra.Command, args []string) error {
			if !slices.Contains(grid.Forms, form) {
				return usage("--as %s: want one of %s", form, strings.Join(grid.Forms, ", "))
			}
			if opt.At != "" && !slices.Contains(experiment.Costs, opt.At) {
				return usage("--at %s: want one of %s", opt.At, strings.Join(experiment.Costs, ", "))
			}
			if !slices.Contains(experiment.Measures, opt.Of) {
				return usage("--of %s: want one of %s", opt.Of, strings.Join(experiment.Measures, ", "))
			}
			var err error
			if opt.Wanted, err = percentOf(wanted); err != nil {
				return err
			}
			if opt.Show < 0 {
				return usage("--show %d: want 0 or more", opt.Show)
			}
			return a.compare(args, opt, form)
		},
	}
	f := cmd.Flags()
	f.StringVar(&opt.Of, "of", experiment.Accuracy, "compare `WHAT`: accuracy, place (the right place is named) or text (it begins as the true one)")
	f.StringSliceVar(&opt.Systems, "systems", nil, "`NAMES` of the systems that are compared, and over which p is corrected; default: the experiment's, else blade")
	f.StringVar(&wanted, "power", "", "say how many questions or seeds it takes to find a `DIFFERENCE` such as 3%")
	f.IntVar(&opt.Show, "show", 0, "`N` questions on which they differ, side by side")
	f.StringVar(&opt.At, "at", "", "compare learning curves at equal `COST`: tokens, calls, seconds or usd")
	f.StringVar(&form, "as", "text", "`FORM` of the tables: "+strings.Join(grid.Forms, ", "))
	f.BoolVar(&opt.OtherLLM, "allow-other-llm", false, "compare although the black boxes differ")
	f.BoolVar(&opt.OtherWording, "allow-other-wording", false, "compare although the words of data.forms differ")
	f.BoolVar(&opt.Seen, "allow-seen", false, "compare although questions were seen in training")
	return cmd
}

// percentOf reads 3% or 0.03; "" is 0.
func percentOf(text string) (float64, error) {
	if text == "" {
		return 0, nil
	}
	number, percent := strings.CutSuffix(text, "%")
	x, err := strconv.ParseFloat(number, 64)
	if percent {
		x /= 100
	}
	if err != nil || !(x > 0 && x < 1) {
		return 0, usage("--power %s: want a difference such as 3%%", text)
	}
	return x, nil
}

func (a *app) compare(args []string, opt experiment.Options, form string) error {
	e, err := a.experiment(args)
	if err != nil {
		return err
	}
	if len(e.Variants) < 2 {
		return usage("compare takes two variants or more; %s has %d", e.Name, len(e.Variants))
	}
	c, err := experiment.Compare(e, opt)
	if err != nil {
		return err
	}
	return a.print(c, func(w io.Writer) { _, _ = io.WriteString(w, sanitize.Text(grid.Render(form, c.Tables(), c.Notes))) })
}

// experiment reads what the arguments name: one experiment, or runs.
func (a *app) experiment(args []string) (*experiment.Experiment, error) {
	if len(args) == 1 {
		for _, folder := range []string{args[0], filepath.Join(a.dir, experiment.Folder, args[0])} {
			if _, err := os.Stat(filepath.Join(folder, experiment.File)); err == nil {
				return experiment.Read(folder)
			}
		}
	}
	var members []experiment.Member
	for _, arg := range args {
		name, runs, named := strings.Cut(arg, "=")
		if !named {
			name, runs = "", arg
		}
		for run := range strings.SplitSeq(runs, ",") {
			folder, err := rundir.Find(a.dir, run)
			if err != nil {
				return nil, err
			}
			variant := name
			if !named {
				variant = filepath.Base(folder)
			}
			members = append(members, experiment.Member{Variant: variant, Folder: folder})
		}
	}
	if len(members) < 2 {
		return nil, usage("compare takes two runs or more, or one experiment (slm compare --help)")
	}
	e, err := experiment.FromRuns(fmt.Sprintf("%d runs", len(members)), members)
	return e, err
}
