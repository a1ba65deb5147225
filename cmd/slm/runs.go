package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"slm/pipeline"
	"slm/pipeline/plain"
)

func newRuns(a *app) *cobra.Command {
	cmd := &cobra.Command{Use: "runs", GroupID: "look", Short: "The runs below --dir", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() }}
	cmd.AddCommand(&cobra.Command{
		Use: "list", Short: "List runs with how far each is", Args: exact(0, "no arguments"), Long: "Lists the runs below --dir: when the newest checkpoint was made, and what comes next." + exits(),
		RunE: func(*cobra.Command, []string) error { return a.listRuns() },
	})
	return cmd
}

func (a *app) listRuns() error {
	runs, err := pipeline.List(a.dir)
	if err != nil {
		return err
	}
	if runs == nil {
		runs = []pipeline.Entry{}
	}
	return a.print(runs, func(w io.Writer) {
		for _, r := range runs {
			state := "finished"
			switch {
			case r.Locked != "":
				state = "running: " + r.Locked
			case r.Damaged != "":
				state = "damaged: " + r.Damaged
			case len(r.Missing) > 0:
				state = "next: " + r.Missing[0]
			}
			_, _ = fmt.Fprintf(w, "%-28s %-20s  %s\n", plain.Line(r.Name), r.Newest, plain.Line(state))
		}
	})
}
