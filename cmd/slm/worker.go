package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"slm/internal/sanitize"
	"slm/pipeline/ablate"
	"slm/pipeline/study"
	"slm/store"
)

func newWorker(a *app) *cobra.Command {
	var folder string
	var index int
	var offline bool
	var st storeFlag
	cmd := &cobra.Command{
		Use: "worker", GroupID: "run", Args: exact(0, "no arguments"),
		Short: "Work on an experiment beside other machines",
		Long: "Takes the next stage of an experiment whose parents are complete, makes it, and goes on until nothing is left; the last worker writes the table. slm ablate --on LAUNCHER " +
			"prepares the experiment and starts workers; more can be started by hand, on any machine that sees the folder under the same path, at any time.\n\n" +
			"A stage is made by one worker at a time. If that is killed, another goes on from its last save: at once on the same machine, half a minute later on another one. " +
			"A stage that fails is noted and what needs it left out. docs/cluster.md says what the folder's file system must be able to do.\n\n" +
			"With --store the workers share no folder: each brings what it needs below its own --dir, and brings back what it makes." +
			exits(exitData, exitLLM, exitDiffers, exitCheckpoint, exitInterrupted),
		Example: "  slm worker --experiment experiments/legal\n  slm worker --experiment legal --store s3://models/lab --dir scratch",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if folder == "" {
				return usage("--experiment names the folder of an experiment")
			}
			return a.worker(cmd.Context(), folder, &st, index, offline)
		},
	}
	cmd.Flags().StringVar(&folder, "experiment", "", "`FOLDER` of the experiment; with --store its name")
	st.add(cmd, a, " where the workers meet, in place of a shared folder", false)
	cmd.Flags().IntVar(&index, "index", ablate.All, "make only stage `N` of work.json, and what it is made from; the number behind the last, like -1, is all and the table")
	cmd.Flags().BoolVar(&offline, "offline", false, "use stored LLM replies only")
	return cmd
}

func (a *app) worker(ctx context.Context, folder string, f *storeFlag, index int, offline bool) error {
	var s *store.Store
	if f.address != "" {
		var err error
		if s, err = f.open(ctx, a, true); err != nil {
			return err
		}
	}
	view := a.viewer()
	out, err := ablate.Serve(ctx, folder, s, index, a.site(), study.How{
		Jobs: 1, Offline: offline, View: view, Log: a.log(), Code: func(err error) int { return exitCode(err, context.Cause(ctx)) },
	})
	if view != nil {
		view.Close()
	}
	if err != nil {
		return err
	}
	return a.print(out, func(w io.Writer) {
		_, _ = fmt.Fprintf(w, "experiment  %s\nmade        %d stages\n", sanitize.Line(out.Experiment), len(out.Made))
		if out.Table {
			_, _ = fmt.Fprintln(w, "table       written")
		}
	})
}
