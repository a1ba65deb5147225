package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"slm/internal/sanitize"
	"slm/model/kernel"
	"slm/pipeline"
	"slm/pipeline/audit"
	"slm/stages/all"
)

func newReproduce(a *app) *cobra.Command {
	var stage, into string
	var live, keep bool
	var set []string
	cmd := &cobra.Command{
		Use: "reproduce RUN", GroupID: "trust", Args: exact(1, "a run"),
		Short: "Run a run again in a new folder and compare the two, stage by stage",
		Long: "Runs a run again and compares each stage with the original, bit for bit. If one differs, it names the first step, tensor and index, and the\n" +
			"size of the difference, and stops. The LLM's replies come from the run, so no network and no money are needed; --live asks the LLM again.\n" +
			"It is run in the class of numerics of the original, which has the same bits on every processor. A run without a class (of an older program, or\n" +
			"fast-…) may find another kernel here: the command says so, bits cannot agree, and the final losses must agree within 2 %. The new folder is removed if nothing differs, and kept otherwise." +
			exits(exitData, exitLLM, exitDiffers, exitCheckpoint, exitInterrupted),
		Example: "  slm reproduce legal\n  slm reproduce runs/legal-1f0c9a2b --stage kit -o json",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.reproduce(cmd.Context(), args[0], stage, into, set, live, keep)
		},
	}
	cmd.Flags().StringArrayVarP(&set, "set", "s", nil, "with --live: ask the LLM with another connection setting, by `KEY=VALUE`, such as llm.key_env or llm.budget.calls; may be repeated")
	cmd.Flags().StringVar(&stage, "stage", "", "run only this `STAGE` again, on the run's own checkpoints of the stages before it")
	cmd.Flags().StringVar(&into, "into", "", "`FOLDER` that gets runs/NAME (default: a new one below --dir)")
	cmd.Flags().BoolVar(&live, "live", false, "ask the black box instead of taking its replies from the run")
	cmd.Flags().BoolVar(&keep, "keep", false, "keep the new folder even if nothing differs")
	return cmd
}

func (a *app) reproduce(ctx context.Context, run, stage, into string, set []string, live, keep bool) error {
	if len(set) > 0 && !live {
		return usage("-s changes how the LLM is asked, and without --live it is not asked")
	}
	if stage != "" && !slices.Contains(all.Names(), stage) {
		return usage("--stage %s: there is no such stage (there are: %v)", stage, all.Names())
	}
	folder, be, err := a.open(run)
	if err != nil {
		return err
	}
	if note := otherNumerics(folder, be); note != "" && !a.quiet {
		_, _ = fmt.Fprintf(a.err, "note: %s: bits cannot agree, and final losses are compared within a tolerance\n", note)
	}
	into, fresh, err := a.newFolder(into, folder)
	if err != nil {
		return err
	}
	view := a.viewer()
	if a.output != "text" {
		view = nil
	}
	rep, err := audit.Reproduce(ctx, folder, audit.Again{
		Stage: stage, Into: into, Live: live, Set: set, Env: a.env, Class: be.Class(), Versions: versions(),
		Deps: pipeline.Deps{
			Kernel: func() (kernel.Backend, error) { return be, nil }, View: view, Log: a.log(), Now: a.now,
			Code: func(err error) int { return exitCode(err, context.Cause(ctx)) },
		},
	})
	if view != nil {
		view.Close()
	}
	differs := errors.Is(err, audit.ErrDiffers)
	if fresh && !keep && !differs {
		err = errors.Join(err, os.RemoveAll(into))
	}
	if err != nil && !differs {
		return err
	}
	if perr := a.print(rep, func(w io.Writer) { showReproduction(w, rep) }); perr != nil {
		return perr
	}
	if (differs || keep) && !a.quiet {
		_, _ = fmt.Fprintf(a.err, "note: the new run is %s; slm diff %s %s shows more\n", rep.Folder, folder, rep.Folder)
	}
	return err
}

// newFolder makes the folder for a reproduction: one that did not exist, unless the user names it.
func (a *app) newFolder(into, run string) (folder string, fresh bool, err error) {
	if into != "" {
		entries, err := os.ReadDir(filepath.Join(into, "runs"))
		if err == nil && len(entries) > 0 {
			return "", false, usage("--into %s: there are runs in it already", into)
		}
		return into, false, os.MkdirAll(into, 0o777)
	}
	runs := filepath.Join(a.dir, "runs")
	if err := os.MkdirAll(runs, 0o777); err != nil {
		return "", false, fmt.Errorf("a folder to run in: %w (--into names another)", err)
	}
	if folder, err = os.MkdirTemp(runs, ".again-"+filepath.Base(run)+"-"); err != nil {
		return "", false, fmt.Errorf("a folder to run in: %w (--into names another)", err)
	}
	return folder, true, nil
}

// otherNumerics says why a run's bits cannot come again with a kernel; "" = they can.
func otherNumerics(folder string, be kernel.Backend) string {
	class, old := pipeline.Recorded(folder)
	switch {
	case old != "":
		return fmt.Sprintf("the run was made by the kernel %s of an older program, which had no classes of numerics; it is run again in class %s", sanitize.Line(old), be.Class())
	case class != "" && class != be.Class():
		return fmt.Sprintf("the run was made in class %s, and is run again in class %s", sanitize.Line(string(class)), be.Class())
	}
	return ""
}

func showReproduction(w io.Writer, r *audit.Reproduction) {
	for _, s := range r.Stages {
		_, _ = fmt.Fprintf(w, "%-5s %-12s %.12s  %s\n", s.Stage, s.Result, s.Digest, sanitize.Line(s.Why))
		if s.Result == audit.Differs {
			_, _ = fmt.Fprintf(w, "      %s\n", sanitize.Line(s.First()))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(r.Program)) {
		_, _ = fmt.Fprintf(w, "made by %s %s, and run again by another\n", name, sanitize.Line(r.Program[name]))
	}
	switch {
	case r.Exact:
		_, _ = fmt.Fprintln(w, "reproduced, bit for bit")
	case r.OK:
		_, _ = fmt.Fprintln(w, "reproduced within the tolerance of another class, not bit for bit")
	default:
		_, _ = fmt.Fprintln(w, "NOT reproduced")
	}
}
