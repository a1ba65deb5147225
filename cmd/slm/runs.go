package main

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"slm/internal/sanitize"
	"slm/internal/term"
	"slm/pipeline/rundir"
	"slm/report"
	"slm/result"
	"slm/stages/all"
	"slm/stages/task"
)

func newRuns(a *app) *cobra.Command {
	cmd := &cobra.Command{Use: "runs", GroupID: "look", Short: "List, show, compare or delete the runs below --dir", Args: known,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() }}
	list := &cobra.Command{
		Use: "list", Short: "List runs: state, score, size, age and what was changed", Args: exact(0, "no arguments"),
		Long: "Lists the runs below --dir, those of a recipe from old to new. LEARNED says whether the small model has learned its texts, BEST is the system with the\n" +
			"highest share of right answers (or of questions with a right section found, where answers are not scored), METHOD the share of the method itself; a second\n" +
			"exam has a line of its own. Below a run stands what its recipe changes since the run before. -o json has all exams, intervals and keys." + exits(),
		RunE: func(*cobra.Command, []string) error { return a.listRuns() },
	}
	show := &cobra.Command{
		Use: "show RUN", Short: "Show stages, digests and results of a run", Args: exact(1, "a run"),
		Long: "Shows the digest of each stage, which process works on the run, what is missing or damaged, and the table of results. Nothing is hashed again." + exits(exitCheckpoint),
		RunE: func(_ *cobra.Command, args []string) error { return a.showRun(args[0]) },
	}
	diff := &cobra.Command{
		Use: "diff A B", Short: "Show how two runs differ (slm diff)", Args: exact(2, "two runs"), Long: "The same as slm diff." + exits(exitDiffers, exitCheckpoint),
		RunE: func(_ *cobra.Command, args []string) error { return a.diff(args[0], args[1]) },
	}
	var yes bool
	rm := &cobra.Command{
		Use: "rm RUN", Short: "Delete a run", Args: exact(1, "a run"),
		Long: "Deletes a run's folder after confirmation, or at once with --yes. A run on which a process works is not deleted." + exits(exitCheckpoint, exitLocked),
		RunE: func(_ *cobra.Command, args []string) error { return a.removeRun(args[0], yes) },
	}
	rm.Flags().BoolVar(&yes, "yes", false, "do not ask")
	cmd.AddCommand(list, show, diff, rm)
	return cmd
}

// shownRun is the result of runs show.
type shownRun struct {
	rundir.Entry
	Summary       *result.Summary       `json:"summary,omitempty"`
	Task          task.Figures          `json:"task,omitempty"`
	EstimateCheck *report.EstimateCheck `json:"hindsight,omitempty"` // what slm plan said, beside what happened
}

func (a *app) showRun(name string) error {
	folder, err := rundir.Find(a.dir, name)
	if err != nil {
		return err
	}
	r := shownRun{Entry: rundir.Look(folder)}
	if r.Summary, err = rundir.Summary(folder); err != nil {
		return err
	}
	if r.Task, err = rundir.Task(folder); err != nil {
		return err
	}
	if r.EstimateCheck, err = report.ReadEstimateCheck(folder); err != nil {
		return err
	}
	return a.print(r, func(w io.Writer) {
		_, _ = fmt.Fprintf(w, "%s\n", sanitize.Line(r.Folder))
		for _, stage := range all.Names() {
			digest := r.Done[stage]
			switch {
			case slices.Contains(r.Missing, stage):
				digest = "no checkpoint"
			case digest == "":
				continue // the run has no such stage
			}
			_, _ = fmt.Fprintf(w, "  %-6s %s\n", stage, digest)
		}
		word, why := state(r.Entry)
		_, _ = fmt.Fprintf(w, "  %s\n", sanitize.Line(cmp.Or(why, word)))
		if r.EstimateCheck != nil {
			showEstimateCheck(w, r.EstimateCheck)
		}
		if r.Summary != nil {
			_, _ = fmt.Fprintf(w, "\n%s\n", report.Table(r.Summary))
		}
		if r.Task != nil {
			_, _ = fmt.Fprintf(w, "\n%s\n", report.TaskTable(r.Task))
		}
	})
}

// showEstimateCheck prints what slm plan said beside what happened.
func showEstimateCheck(w io.Writer, h *report.EstimateCheck) {
	_, _ = fmt.Fprintf(w, "\n  %-6s %8s %8s\n", "", "planned", "took")
	for _, s := range h.Stages {
		_, _ = fmt.Fprintf(w, "  %-6s %8s %8s\n", s.Stage, term.Span(s.Planned), term.Span(s.Took))
	}
	if h.Memory > 0 && h.PlannedMemory > 0 {
		_, _ = fmt.Fprintf(w, "  %-6s %8s %8s\n", "memory", term.Amount(float64(h.PlannedMemory))+"B", term.Amount(float64(h.Memory))+"B")
	}
}

func (a *app) removeRun(name string, yes bool) error {
	folder, err := rundir.FindOnly(a.dir, name)
	if err != nil {
		return err
	}
	if !yes {
		_, _ = fmt.Fprintf(a.err, "delete %s and all its checkpoints? [y/N] ", sanitize.Line(folder))
		answer, _ := bufio.NewReader(a.in).ReadString('\n') // no answer is no
		if answer = strings.ToLower(strings.TrimSpace(answer)); answer != "y" && answer != "yes" {
			return usage("nothing was deleted: answer y, or give --yes")
		}
	}
	if err := rundir.Remove(folder); err != nil {
		return err
	}
	return a.print(map[string]string{"removed": folder}, func(w io.Writer) { _, _ = fmt.Fprintf(w, "deleted %s\n", sanitize.Line(folder)) })
}
